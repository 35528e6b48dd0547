// A training step in working order asks for no memory.
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/ops/random_floats.h"
#include "tests/worker_model/counting_allocator.h"
#include "tests/worker_model/layer_run.h"

namespace pumasi {
namespace {

TEST_CASE("A layer allocates nothing in its second step") {
  std::mt19937_64 random(4);
  for (const std::string text : {
           "lstm { units: 8 dropout: 0.2 recurrent_dropout: 0.2 bidirectional: BIDIRECTIONAL_CONCAT }",
           "lstm { units: 8 return_sequences: true }",
           "gru { units: 8 dropout: 0.2 recurrent_dropout: 0.2 return_sequences: true }",
           "gru { units: 8 reset_after: false bidirectional: BIDIRECTIONAL_MUL }",
           "dropout { rate: 0.5 }",
           "spatial_dropout1d { rate: 0.5 }",
           "conv1d { filters: 8 kernel_size: 3 padding: PADDING_SAME }",
           "global_max_pooling1d { }",
           "global_average_pooling1d { }",
           "attention { units: 8 }",
           "layer_normalization { epsilon: 0.001 }",
           "batch_normalization { epsilon: 0.001 }",
           "flatten { steps: 3 }",
           "concatenate { branches { layers { conv1d { filters: 8 kernel_size: 2 } } layers { global_max_pooling1d { } "
           "} }"
           " branches { layers { dropout { rate: 0.5 } } layers { lstm { units: 8 } } } }",
       }) {
    CAPTURE(text);
    const LayerInput input = LayerInput::Sequences({3, 7, 0, 5}, 6, RandomFloats(15 * 6, 1, &random));
    const v1::Layer spec = LayerOf(text);
    const LayerPlan plan = PlanOf(spec, input);
    std::vector<std::vector<float>> tables;
    for (const v1::TableSpec& table : plan.tables) {
      tables.push_back(RandomFloats(table.rows() * table.columns(), 1, &random));
    }
    std::vector<const float*> values;
    std::vector<std::vector<float>> gradients = tables;
    std::vector<float*> gradient_of;
    for (size_t i = 0; i < tables.size(); ++i) {
      values.push_back(tables[i].data());
      gradient_of.push_back(gradients[i].data());
    }
    std::vector<float> seed(15 * 18), input_gradient(15 * 6);
    const std::unique_ptr<Layer> layer = MakeLayer(spec, plan);
    const Training training = {{1, 2, 3}, 0.5};
    for (int step = 0; step < 2; ++step) {
      const int before = Allocations();
      layer->Forward(input.signal(), values.data(), &training);
      layer->Backward(input.signal(), values.data(), seed.data(), gradient_of.data(), input_gradient.data());
      const int made = Allocations() - before;
      if (step == 1) CHECK(made == 0);
    }
  }
}

}  // namespace
}  // namespace pumasi
