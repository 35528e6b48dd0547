// One layer, run forward and backward on its own.
#ifndef PUMASI_TESTS_WORKER_MODEL_LAYER_RUN_H_
#define PUMASI_TESTS_WORKER_MODEL_LAYER_RUN_H_

#include <google/protobuf/text_format.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/model_plan_layer.h"
#include "worker/model/make_layer.h"

namespace pumasi {

// The layer of a text such as "lstm { units: 4 }"; an empty layer if it is none.
inline v1::Layer LayerOf(const std::string& text) {
  v1::Layer layer;
  google::protobuf::TextFormat::ParseFromString(text, &layer);
  return layer;
}

// A layer's input with memory of its own.
struct LayerInput {
  bool sequence = true;
  int rows = 0;
  std::vector<uint32_t> offsets = {0};
  std::vector<uint32_t> tokens;
  int distinct = 0;
  int width = 0;
  std::vector<float> vectors;

  // Rows of these lengths whose tokens have vectors of their own.
  static LayerInput Sequences(const std::vector<uint32_t>& lengths, int width, std::vector<float> vectors) {
    LayerInput input;
    input.rows = static_cast<int>(lengths.size());
    for (const uint32_t length : lengths) input.offsets.push_back(input.offsets.back() + length);
    for (uint32_t token = 0; token < input.offsets.back(); ++token) input.tokens.push_back(token);
    input.distinct = static_cast<int>(input.offsets.back());
    input.width = width;
    input.vectors = std::move(vectors);
    return input;
  }

  static LayerInput Matrix(int rows, int width, std::vector<float> vectors) {
    LayerInput input;
    input.sequence = false;
    input.rows = input.distinct = rows;
    input.width = width;
    input.vectors = std::move(vectors);
    return input;
  }

  Signal signal() const {
    if (!sequence) return {false, {.rows = rows, .distinct = rows, .width = width, .vectors = vectors.data()}};
    return {true, {rows, offsets.data(), tokens.data(), distinct, width, vectors.data()}};
  }
};

inline LayerPlan PlanOf(const v1::Layer& layer, const LayerInput& input) {
  LayerPlan plan;
  plan.name = "layer";
  plan.number = 3;
  plan.in = {input.sequence, static_cast<uint32_t>(input.width)};
  if (!PlanLayer(layer, {.name_before = "before"}, &plan).ok()) plan.out.width = 0;
  // Of layers in branches.
  uint32_t number = plan.number;
  for (auto& branch : plan.branches) {
    for (LayerPlan& inner : branch) inner.number = ++number;
  }
  return plan;
}

struct LayerResult {
  Signal out;
  // Of `out`: one vector for each of its distinct ones.
  std::vector<float> output;
  std::vector<float> input_gradient;
  std::vector<std::vector<float>> table_gradients;
};

inline std::vector<float> ValuesOf(const Signal& signal) {
  return {signal.data.vectors, signal.data.vectors + static_cast<size_t>(signal.data.distinct) * signal.data.width};
}

// Forward in training and Backward from `seed`, the gradient by the output.
inline LayerResult RunLayer(Layer* layer, const LayerInput& input, const std::vector<std::vector<float>>& tables,
                            std::vector<float> seed, const Training& training = {}) {
  std::vector<const float*> values;
  LayerResult result;
  std::vector<float*> gradients;
  for (const auto& table : tables) {
    values.push_back(table.data());
    result.table_gradients.emplace_back(table.size(), NAN);
  }
  for (auto& gradient : result.table_gradients) gradients.push_back(gradient.data());
  const Signal in = input.signal();
  result.out = layer->Forward(in, values.data(), &training);
  result.output = ValuesOf(result.out);
  result.input_gradient.assign(input.vectors.size(), NAN);
  seed.resize(result.output.size());
  layer->Backward(in, values.data(), seed.data(), gradients.data(), result.input_gradient.data());
  return result;
}

// Forward in inference.
inline std::vector<float> InferLayer(Layer* layer, const LayerInput& input,
                                     const std::vector<std::vector<float>>& tables) {
  std::vector<const float*> values;
  for (const auto& table : tables) values.push_back(table.data());
  return ValuesOf(layer->Forward(input.signal(), values.data(), nullptr));
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_WORKER_MODEL_LAYER_RUN_H_
