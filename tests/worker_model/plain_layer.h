// Any layer of a job from the plain operators, in double.
#ifndef PUMASI_TESTS_WORKER_MODEL_PLAIN_LAYER_H_
#define PUMASI_TESTS_WORKER_MODEL_PLAIN_LAYER_H_

#include <algorithm>
#include <vector>

#include "common/model_plan_layer.h"
#include "ops/batch_normalization_reference.h"
#include "ops/dropout.h"
#include "ops/sequence_reference.h"
#include "worker/model/make_layer.h"

namespace pumasi {

using PlainVectors = reference::Vectors<double>;

// In training; the key is that of the part.
struct PlainLayer {
  v1::Layer layer;
  LayerPlan plan;
  DropoutKey key;
  std::vector<std::vector<double>> tables;

  // Of all rows of a part: each one's vectors, all or the only one.
  std::vector<PlainVectors> Rows(std::vector<PlainVectors> x) const {
    if (layer.has_concatenate()) return Concatenate(x);
    const reference::BatchMoments<double> moments = Moments(x);
    for (uint32_t row = 0; row < x.size(); ++row) {
      if (layer.has_batch_normalization()) {
        for (auto& token : x[row]) {
          token = reference::BatchNormalization(layer.batch_normalization().epsilon(), tables[0], tables[1], moments,
                                                token);
        }
      } else {
        x[row] = Row(row, x[row]);
      }
    }
    return x;
  }

  // Over all vectors of all rows.
  reference::BatchMoments<double> Moments(const std::vector<PlainVectors>& x) const {
    PlainVectors all;
    for (const PlainVectors& row : x) all.insert(all.end(), row.begin(), row.end());
    return reference::MomentsOf(plan.in.width, all);
  }

 private:
  std::vector<PlainVectors> Concatenate(const std::vector<PlainVectors>& x) const {
    std::vector<PlainVectors> joined;
    size_t table = 0;
    for (size_t b = 0; b < plan.branches.size(); ++b) {
      std::vector<PlainVectors> out = x;
      for (size_t i = 0; i < plan.branches[b].size(); ++i) {
        const LayerPlan& inner = plan.branches[b][i];
        PlainLayer plain = {layer.concatenate().branches(b).layers(i), inner, key, {}};
        for (size_t t = 0; t < inner.tables.size(); ++t) plain.tables.push_back(tables[table++]);
        out = plain.Rows(out);
      }
      if (b == 0) joined.assign(out.size(), {});
      for (size_t row = 0; row < out.size(); ++row) {
        joined[row].resize(out[row].size());
        for (size_t t = 0; t < out[row].size(); ++t) {
          joined[row][t].insert(joined[row][t].end(), out[row][t].begin(), out[row][t].end());
        }
      }
    }
    return joined;
  }

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
      case v1::Layer::kFlatten: {
        if (!plan.in.sequence) return x;
        std::vector<double> flat;
        for (const auto& token : x) flat.insert(flat.end(), token.begin(), token.end());
        flat.resize(plan.out.width);
        return {flat};
      }
      default:
        return {};
    }
  }

  std::vector<double> Factors(const DropoutPlace& place, double rate, size_t count) const {
    std::vector<float> factors(count, 1.0f);
    if (rate > 0) DropoutFactors(DropoutStream(key, plan.number), place, rate, count, factors.data());
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
