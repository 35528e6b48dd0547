// Any layer of a job from the plain operators, in double.
#ifndef PUMASI_TESTS_WORKER_MODEL_PLAIN_LAYER_H_
#define PUMASI_TESTS_WORKER_MODEL_PLAIN_LAYER_H_

#include <algorithm>
#include <vector>

#include "common/model_plan_layer.h"
#include "ops/dropout.h"
#include "ops/sequence_reference.h"
#include "worker/model/make_layer.h"

namespace pumasi {

using PlainVectors = reference::Vectors<double>;

// `number` is the layer's place in the model; the key that of the part.
struct PlainLayer {
  v1::Layer layer;
  LayerPlan plan;
  DropoutKey key;
  uint32_t number = 0;
  std::vector<std::vector<double>> tables;

  // Of one row: its vectors, all or the only one.
  PlainVectors Row(uint32_t row, PlainVectors x) const {
    switch (layer.kind_case()) {
      case v1::Layer::kLstm:
        return Recurrent(layer.lstm(), row, x);
      case v1::Layer::kGru:
        return Recurrent(layer.gru(), row, x);
      case v1::Layer::kDense:
        return {DenseRow(x.at(0))};
      case v1::Layer::kDropout:
      case v1::Layer::kSpatialDropout1D: {
        const bool whole = layer.has_spatial_dropout1d();
        const double rate = whole ? layer.spatial_dropout1d().rate() : layer.dropout().rate();
        for (uint32_t t = 0; t < x.size(); ++t) {
          const std::vector<double> factors = Factors({row, whole ? 0 : t, DropoutUse::kInput}, rate, plan.in.width);
          for (size_t i = 0; i < factors.size(); ++i) x[t][i] *= factors[i];
        }
        return x;
      }
      case v1::Layer::kConv1D: {
        const v1::Conv1d& conv = layer.conv1d();
        return reference::Conv1d(conv.kernel_size(), conv.padding() == v1::PADDING_SAME,
                                 ActivationOf(conv.activation()), tables[0], tables[1], x);
      }
      case v1::Layer::kGlobalMaxPooling1D:
        return {reference::GlobalMax(plan.in.width, x)};
      case v1::Layer::kGlobalAveragePooling1D:
        return {reference::GlobalAverage(plan.in.width, x)};
      case v1::Layer::kAttention:
        return {reference::Attention(plan.in.width, tables[0], tables[1], tables[2], x)};
      case v1::Layer::kLayerNormalization:
        for (auto& token : x) {
          token = reference::LayerNormalization(layer.layer_normalization().epsilon(), tables[0], tables[1], token);
        }
        return x;
      default:
        return {};
    }
  }

 private:
  std::vector<double> Factors(const DropoutPlace& place, double rate, size_t count) const {
    std::vector<float> factors(count, 1.0f);
    if (rate > 0) DropoutFactors(DropoutStream(key, number), place, rate, count, factors.data());
    return {factors.begin(), factors.end()};
  }

  std::vector<double> DenseRow(const std::vector<double>& x) const {
    return reference::Dense<double>{1,         x.size(), tables[1].size(), ActivationOf(layer.dense().activation()),
                                    tables[0], tables[1]}
        .Forward(x);
  }

  static PlainVectors States(const v1::Lstm& spec, const reference::RecurrentTensors<double>& w,
                             const PlainVectors& x) {
    return reference::LstmStates(w, x);
  }
  static PlainVectors States(const v1::Gru& spec, const reference::RecurrentTensors<double>& w, const PlainVectors& x) {
    return reference::GruStates(w, !spec.has_reset_after() || spec.reset_after(), x);
  }

  static GateActivation GateOf(v1::RecurrentActivation activation) {
    if (activation == v1::RECURRENT_ACTIVATION_HARD_SIGMOID) return GateActivation::kHardSigmoid;
    if (activation == v1::RECURRENT_ACTIVATION_HARD_SIGMOID_KERAS2) return GateActivation::kHardSigmoidKeras2;
    return GateActivation::kSigmoid;
  }

  // One direction's states, in the order of its walk.
  template <typename Spec>
  PlainVectors Walk(const Spec& spec, uint32_t row, bool second, const PlainVectors& x) const {
    const size_t width = plan.in.width, first = second ? 3 : 0;
    const reference::RecurrentTensors<double> w = {
        width,
        spec.units(),
        GateOf(spec.recurrent_activation()),
        tables[first],
        tables[first + 1],
        tables[first + 2],
        Factors({row, 0, second ? DropoutUse::kBackwardInput : DropoutUse::kInput}, spec.dropout(), width),
        Factors({row, 0, second ? DropoutUse::kBackwardState : DropoutUse::kState}, spec.recurrent_dropout(),
                spec.units())};
    return States(spec, w, x);
  }

  template <typename Spec>
  PlainVectors Recurrent(const Spec& spec, uint32_t row, const PlainVectors& x) const {
    const PlainVectors reversed(x.rbegin(), x.rend());
    PlainVectors a = Walk(spec, row, false, spec.go_backwards() ? reversed : x);
    PlainVectors b;
    if (spec.bidirectional() > v1::BIDIRECTIONAL_NONE) b = Walk(spec, row, true, reversed);
    if (spec.return_sequences()) {
      std::reverse(b.begin(), b.end());
    } else {
      a = {a.empty() ? std::vector<double>(spec.units()) : a.back()};
      if (spec.bidirectional() > v1::BIDIRECTIONAL_NONE) b = {b.empty() ? std::vector<double>(spec.units()) : b.back()};
    }
    for (size_t t = 0; t < b.size(); ++t) {
      if (spec.bidirectional() == v1::BIDIRECTIONAL_CONCAT) a[t].insert(a[t].end(), b[t].begin(), b[t].end());
      for (size_t u = 0; u < spec.units(); ++u) {
        if (spec.bidirectional() == v1::BIDIRECTIONAL_SUM) a[t][u] += b[t][u];
        if (spec.bidirectional() == v1::BIDIRECTIONAL_MUL) a[t][u] *= b[t][u];
        if (spec.bidirectional() == v1::BIDIRECTIONAL_AVE) a[t][u] = (a[t][u] + b[t][u]) / 2;
      }
    }
    return a;
  }
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_WORKER_MODEL_PLAIN_LAYER_H_
