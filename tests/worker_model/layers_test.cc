// Each layer against plain operators, and its gradients against finite differences in double.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"
#include "tests/worker_model/layer_run.h"
#include "tests/worker_model/plain_layer.h"

namespace pumasi {
namespace {

constexpr DropoutKey kKey = {11, 5, 2};
constexpr double kShare = 0.375;

// `U` stands for a number of units.
const char* const kSequenceLayers[] = {
    "lstm { units: U }",
    "lstm { units: U return_sequences: true }",
    "lstm { units: U go_backwards: true }",
    "lstm { units: U go_backwards: true return_sequences: true recurrent_activation: RECURRENT_ACTIVATION_HARD_SIGMOID "
    "}",
    "lstm { units: U dropout: 0.4 }",
    "lstm { units: U recurrent_dropout: 0.4 }",
    "lstm { units: U dropout: 0.3 recurrent_dropout: 0.4 return_sequences: true go_backwards: true }",
    "lstm { units: U bidirectional: BIDIRECTIONAL_CONCAT dropout: 0.3 recurrent_dropout: 0.3 }",
    "lstm { units: U bidirectional: BIDIRECTIONAL_CONCAT return_sequences: true }",
    "lstm { units: U bidirectional: BIDIRECTIONAL_SUM recurrent_activation: RECURRENT_ACTIVATION_HARD_SIGMOID_KERAS2 }",
    "lstm { units: U bidirectional: BIDIRECTIONAL_MUL return_sequences: true }",
    "lstm { units: U bidirectional: BIDIRECTIONAL_AVE return_sequences: true recurrent_dropout: 0.3 }",
    "gru { units: U }",
    "gru { units: U return_sequences: true dropout: 0.3 }",
    "gru { units: U go_backwards: true recurrent_activation: RECURRENT_ACTIVATION_HARD_SIGMOID }",
    "gru { units: U recurrent_dropout: 0.4 return_sequences: true }",
    "gru { units: U bidirectional: BIDIRECTIONAL_CONCAT return_sequences: true recurrent_dropout: 0.3 }",
    "gru { units: U reset_after: false }",
    "gru { units: U reset_after: false return_sequences: true dropout: 0.3 recurrent_dropout: 0.4 }",
    "gru { units: U reset_after: false bidirectional: BIDIRECTIONAL_MUL }",
    "gru { units: U reset_after: false recurrent_activation: RECURRENT_ACTIVATION_HARD_SIGMOID_KERAS2 }",
    "dropout { rate: 0 }",
    "dropout { rate: 0.5 }",
    "spatial_dropout1d { rate: 0.5 }",
    "conv1d { filters: U kernel_size: 1 }",
    "conv1d { filters: U kernel_size: 3 activation: ACTIVATION_RELU }",
    "conv1d { filters: U kernel_size: 3 padding: PADDING_SAME activation: ACTIVATION_TANH }",
    "conv1d { filters: U kernel_size: 4 padding: PADDING_SAME }",
    "global_max_pooling1d { }",
    "global_average_pooling1d { }",
    "attention { units: U }",
    "layer_normalization { epsilon: 0.01 }",
    "batch_normalization { epsilon: 0.1 }",
    "flatten { steps: 1 }",
    "flatten { steps: 4 }",
    "concatenate { branches { } branches { layers { layer_normalization { epsilon: 0.01 } } } }",
    "concatenate { branches { layers { dropout { rate: 0.4 } } layers { lstm { units: U dropout: 0.3 } } } "
    "branches { layers { conv1d { filters: 2 kernel_size: 2 } } layers { global_max_pooling1d { } } } "
    "branches { layers { dropout { rate: 0.4 } } layers { flatten { steps: 2 } } } }",
    "concatenate { branches { layers { conv1d { filters: U kernel_size: 3 } } } branches { layers { concatenate { "
    "branches { layers { conv1d { filters: 2 kernel_size: 3 activation: ACTIVATION_TANH } } } } } } }",
};
const char* const kVectorLayers[] = {"dense { units: U activation: ACTIVATION_SIGMOID }",
                                     "dropout { rate: 0.5 }",
                                     "layer_normalization { epsilon: 0.001 }",
                                     "batch_normalization { epsilon: 0.1 }",
                                     "flatten { }",
                                     "concatenate { branches { layers { dense { units: U } } } branches { } }"};

LayerInput RandomInput(bool sequence, int rows, int width, std::mt19937_64* random) {
  if (!sequence) return LayerInput::Matrix(rows, width, RandomFloats(rows * width, 1.5f, random));
  LayerInput input;
  input.rows = rows;
  input.width = width;
  input.distinct = static_cast<int>(1 + (*random)() % 8);
  for (int row = 0; row < rows; ++row) {
    for (size_t i = (*random)() % 7; i > 0; --i) input.tokens.push_back((*random)() % input.distinct);
    input.offsets.push_back(static_cast<uint32_t>(input.tokens.size()));
  }
  input.vectors = RandomFloats(input.distinct * width, 1.5f, random);
  return input;
}

// Each row's vectors.
std::vector<PlainVectors> RowsOf(const LayerInput& input, const std::vector<double>& vectors) {
  std::vector<PlainVectors> rows(input.rows);
  for (int row = 0; row < input.rows; ++row) {
    const auto add = [&](size_t vector) {
      rows[row].emplace_back(vectors.begin() + vector * input.width, vectors.begin() + (vector + 1) * input.width);
    };
    if (!input.sequence) add(row);
    for (uint32_t t = input.sequence ? input.offsets[row] : 1; input.sequence && t < input.offsets[row + 1]; ++t) {
      add(input.tokens[t]);
    }
  }
  return rows;
}

// Output vectors, one after another, of the plain layer.
std::vector<double> PlainOutput(const PlainLayer& plain, const LayerInput& input, const std::vector<double>& vectors) {
  std::vector<double> out;
  for (const PlainVectors& row : plain.Rows(RowsOf(input, vectors))) {
    for (const auto& vector : row) out.insert(out.end(), vector.begin(), vector.end());
  }
  return out;
}

// Vectors of a signal, one a token, where several may share one.
std::vector<float> Spread(const Signal& out) {
  std::vector<float> values;
  for (size_t token = 0; token < out.tokens(); ++token) {
    const size_t vector = out.sequence ? out.data.tokens[token] : token;
    values.insert(values.end(), out.data.vectors + vector * out.data.width,
                  out.data.vectors + (vector + 1) * out.data.width);
  }
  return values;
}

// The seed by shared vectors from that by tokens.
std::vector<float> Merge(const Signal& out, const std::vector<float>& by_token) {
  std::vector<float> merged(static_cast<size_t>(out.data.distinct) * out.data.width);
  for (size_t token = 0; token < out.tokens(); ++token) {
    const size_t vector = out.sequence ? out.data.tokens[token] : token;
    for (int i = 0; i < out.data.width; ++i) {
      merged[vector * out.data.width + i] += by_token[token * out.data.width + i];
    }
  }
  return merged;
}

struct Case {
  LayerInput input;
  v1::Layer layer;
  LayerPlan plan;
  std::vector<std::vector<float>> tables;

  Case(std::string text, bool sequence, int rows, std::mt19937_64* random) {
    const size_t place = text.find('U');
    if (place != std::string::npos) text.replace(place, 1, std::to_string(1 + (*random)() % 5));
    input = RandomInput(sequence, rows, static_cast<int>(1 + (*random)() % 5), random);
    layer = LayerOf(text);
    plan = PlanOf(layer, input);
    for (const v1::TableSpec& table : plan.tables) {
      tables.push_back(RandomFloats(table.rows() * table.columns(), 1, random));
    }
    // The moving variance.
    if (layer.has_batch_normalization()) {
      for (float& value : tables[3]) value = std::fabs(value) + 0.1f;
    }
  }
  std::unique_ptr<Layer> Make() const { return MakeLayer(layer, plan); }
};

void CheckLayer(const Case& c, std::mt19937_64* random) {
  PlainLayer plain = {c.layer, c.plan, kKey, {}};
  for (const auto& table : c.tables) plain.tables.push_back(Widen(table));
  std::vector<double> vectors = Widen(c.input.vectors);
  const std::vector<double> want = PlainOutput(plain, c.input, vectors);
  const std::vector<float> seed = RandomFloats(want.size(), 1, random);

  const std::unique_ptr<Layer> layer = c.Make();
  const LayerResult shape = RunLayer(layer.get(), c.input, c.tables, {}, {kKey, kShare});
  REQUIRE(Spread(shape.out).size() == want.size());
  CHECK(Difference(Spread(shape.out), want) < 1e-5);
  const LayerResult result = RunLayer(layer.get(), c.input, c.tables, Merge(shape.out, seed), {kKey, kShare});
  CHECK(result.output == shape.output);

  const auto by = [&](std::vector<double>* values) {
    std::vector<double> gradient;
    for (double& value : *values) {
      const double before = value, step = 1e-6;
      double difference = 0;
      for (const double sign : {1.0, -1.0}) {
        value = before + sign * step;
        const std::vector<double> out = PlainOutput(plain, c.input, vectors);
        for (size_t i = 0; i < out.size(); ++i) difference += sign * out[i] * seed[i];
      }
      value = before;
      gradient.push_back(difference / (2 * step));
    }
    return gradient;
  };
  // A scale for gradients that are zero but for rounding.
  const auto close = [](const std::vector<float>& have, const std::vector<double>& want) {
    double largest = 1e-2;
    for (const double value : want) largest = std::max(largest, std::fabs(value));
    if (have.size() != want.size()) return false;
    for (size_t i = 0; i < want.size(); ++i) {
      if (!(std::fabs(have[i] - want[i]) < 2e-5 * largest)) return false;
    }
    return true;
  };
  CHECK(close(result.input_gradient, by(&vectors)));
  for (size_t i = 0; i < c.tables.size(); ++i) {
    CAPTURE(c.plan.tables[i].name());
    if (c.plan.tables[i].update() == v1::TableSpec::MOVING_AVERAGE) continue;
    CHECK(close(result.table_gradients[i], by(&plain.tables[i])));
  }
}

TEST_CASE("Every layer equals its plain version, its gradients are those of finite differences") {
  const int seed = GENERATE(range(0, 12));
  std::mt19937_64 random(seed);
  for (const bool sequence : {true, false}) {
    const auto check = [&](const char* text) {
      // No rows, one row, more.
      const Case c(text, sequence, seed < 2 ? seed : static_cast<int>(2 + random() % 5), &random);
      CAPTURE(seed, text, sequence, c.input.rows, c.input.width, c.input.distinct);
      CheckLayer(c, &random);
    };
    if (sequence) {
      for (const char* text : kSequenceLayers) check(text);
    } else {
      for (const char* text : kVectorLayers) check(text);
    }
  }
}

TEST_CASE("A layer's results have the same bits whatever it computed before") {
  std::mt19937_64 random(21);
  for (const char* text : kSequenceLayers) {
    CAPTURE(text);
    const Case small(text, true, 3, &random);
    Case large = small;
    large.input = RandomInput(true, 12, small.input.width, &random);
    const std::unique_ptr<Layer> fresh = small.Make(), used = small.Make();
    RunLayer(used.get(), large.input, large.tables, std::vector<float>(10000, 0.5f), {kKey, kShare});
    const std::vector<float> seed = RandomFloats(1000, 1, &random);
    const LayerResult want = RunLayer(fresh.get(), small.input, small.tables, seed, {kKey, kShare});
    const LayerResult have = RunLayer(used.get(), small.input, small.tables, seed, {kKey, kShare});
    CHECK(have.output == want.output);
    CHECK(have.input_gradient == want.input_gradient);
    CHECK(have.table_gradients == want.table_gradients);
  }
}

TEST_CASE("Inference drops nothing, and is training's forward pass where nothing is dropped") {
  std::mt19937_64 random(22);
  for (const std::string text : kSequenceLayers) {
    CAPTURE(text);
    const Case c(text, true, 5, &random);
    if (c.layer.has_batch_normalization()) continue;
    Case without = c;
    if (c.layer.has_lstm()) {
      without.layer.mutable_lstm()->clear_dropout();
      without.layer.mutable_lstm()->clear_recurrent_dropout();
    } else if (c.layer.has_gru()) {
      without.layer.mutable_gru()->clear_dropout();
      without.layer.mutable_gru()->clear_recurrent_dropout();
    } else if (c.layer.has_dropout() || c.layer.has_spatial_dropout1d()) {
      without.layer = LayerOf("dropout { rate: 0 }");
    } else if (c.layer.has_concatenate()) {
      for (auto& branch : *without.layer.mutable_concatenate()->mutable_branches()) {
        for (v1::Layer& inner : *branch.mutable_layers()) {
          if (inner.has_dropout()) inner.mutable_dropout()->set_rate(0);
          if (inner.has_lstm()) inner.mutable_lstm()->clear_dropout();
        }
      }
    }
    const std::vector<float> want =
        RunLayer(without.Make().get(), without.input, without.tables, {}, {kKey, kShare}).output;
    CHECK(InferLayer(c.Make().get(), c.input, c.tables) == want);
  }
}

TEST_CASE("With bfloat16 products a layer's results move by no more than their rounding") {
  std::mt19937_64 random(25);
  for (const auto& [text, sequence] : {std::pair("dense { units: 9 activation: ACTIVATION_TANH }", false),
                                       {"conv1d { filters: 7 kernel_size: 3 }", true},
                                       {"attention { units: 6 }", true},
                                       {"gru { units: 6 return_sequences: true }", true},
                                       {"concatenate { branches { layers { gru { units: 6 } } } }", true}}) {
    CAPTURE(text);
    const Case c(text, sequence, 6, &random);
    const std::vector<float> seed = RandomFloats(10000, 1, &random);
    const LayerResult exact = RunLayer(c.Make().get(), c.input, c.tables, seed);
    const LayerResult rounded = RunLayer(MakeLayer(c.layer, c.plan, Precision::kBf16).get(), c.input, c.tables, seed);
    CHECK(rounded.output != exact.output);
    CHECK(Difference(rounded.output, Widen(exact.output)) < 0.03);
    CHECK(Difference(rounded.input_gradient, Widen(exact.input_gradient)) < 0.05);
    for (size_t i = 0; i < c.tables.size(); ++i) {
      CHECK(Difference(rounded.table_gradients[i], Widen(exact.table_gradients[i])) < 0.05);
    }
  }
}

TEST_CASE("Batch normalisation gives its part's statistics times the part's share, and infers with the moving ones") {
  const int seed = GENERATE(range(0, 12));
  std::mt19937_64 random(seed);
  for (const bool sequence : {true, false}) {
    const Case c("batch_normalization { epsilon: 0.01 }", sequence, seed, &random);
    CAPTURE(seed, sequence, c.input.rows, c.input.width);
    const PlainLayer plain = {c.layer, c.plan, kKey, {}};
    const std::vector<PlainVectors> rows = RowsOf(c.input, Widen(c.input.vectors));
    reference::BatchMoments<double> moments = plain.Moments(rows);
    const reference::BatchMoments<double> moving = {Widen(c.tables[2]), Widen(c.tables[3])};
    // Without vectors the moving statistics shall stay as they are.
    if (c.input.signal().tokens() == 0) moments = moving;
    const LayerResult result = RunLayer(c.Make().get(), c.input, c.tables, {}, {kKey, kShare});
    for (size_t i = 0; i < moments.mean.size(); ++i) {
      CHECK(result.table_gradients[2][i] == Approx(kShare * moments.mean[i]).margin(1e-6));
      CHECK(result.table_gradients[3][i] == Approx(kShare * moments.variance[i]).margin(1e-6));
    }
    std::vector<double> want;
    for (int v = 0; v < c.input.distinct; ++v) {
      const auto begin = c.input.vectors.begin() + v * c.input.width;
      const std::vector<double> y = reference::BatchNormalization<double>(0.01, Widen(c.tables[0]), Widen(c.tables[1]),
                                                                          moving, {begin, begin + c.input.width});
      want.insert(want.end(), y.begin(), y.end());
    }
    CHECK(Difference(InferLayer(c.Make().get(), c.input, c.tables), want) < 2e-6);
  }
}

TEST_CASE("A NaN reaches all rows that batch normalisation takes its statistics from, and spoils them") {
  const LayerInput input = LayerInput::Matrix(3, 2, {1, NAN, 2, 3, 4, 5});
  const v1::Layer layer = LayerOf("batch_normalization { epsilon: 0.001 }");
  const LayerResult result = RunLayer(MakeLayer(layer, PlanOf(layer, input)).get(), input,
                                      {{1, 1}, {0, 0}, {0, 0}, {1, 1}}, std::vector<float>(6, 1));
  for (size_t i = 0; i < 6; ++i) CHECK(std::isnan(result.output[i]) == (i % 2 == 1));
  CHECK(std::isfinite(result.table_gradients[2][0]));
  CHECK(std::isnan(result.table_gradients[2][1]));
  CHECK(std::isnan(result.table_gradients[3][1]));
}

TEST_CASE("A NaN in one row's vector reaches that row's output and no other") {
  std::mt19937_64 random(23);
  for (const std::string text : kSequenceLayers) {
    CAPTURE(text);
    Case c(text, true, 2, &random);
    c.input = LayerInput::Sequences({5, 5}, c.input.width, RandomFloats(10 * c.input.width, 1, &random));
    c.input.vectors[0] = NAN;
    const std::vector<float> out = InferLayer(c.Make().get(), c.input, c.tables);
    const auto middle = out.begin() + out.size() / 2;
    CHECK(std::any_of(out.begin(), middle, [](float value) { return std::isnan(value); }));
    CHECK(std::all_of(middle, out.end(), [](float value) { return std::isfinite(value); }));
  }
}

}  // namespace
}  // namespace pumasi
