// Whole models on a device against the CPU's, over all kinds of layers.
#include <numeric>
#include <thread>

#include "ops/softmax_cross_entropy.h"
#include "tests/cuda/model_on_device.h"
#include "tests/ops/same_numbers.h"

namespace pumasi::cuda {
namespace {

using Texts = std::vector<std::string>;

const Texts kChains[] = {
    {"lstm { units: 6 }"},
    {"lstm { units: 6 }", "dense { units: 5 activation: ACTIVATION_TANH }"},
    {"spatial_dropout1d { rate: 0.3 }", "lstm { units: 4 return_sequences: true }",
     "gru { units: 3 bidirectional: BIDIRECTIONAL_CONCAT return_sequences: true }", "attention { units: 3 }",
     "dropout { rate: 0.4 }", "dense { units: 4 activation: ACTIVATION_RELU }"},
    {"layer_normalization { epsilon: 0.001 }", "conv1d { filters: 4 kernel_size: 2 activation: ACTIVATION_TANH }",
     "dropout { rate: 0.3 }", "global_max_pooling1d { }"},
    {"global_max_pooling1d { }", "dense { units: 3 activation: ACTIVATION_SIGMOID }"},
    {"global_average_pooling1d { }", "layer_normalization { epsilon: 0.001 }"},
    {"attention { units: 6 }"},
    {"conv1d { filters: 3 kernel_size: 3 padding: PADDING_SAME }",
     "lstm { units: 3 dropout: 0.3 recurrent_dropout: 0.3 return_sequences: true go_backwards: true }",
     "lstm { units: 3 bidirectional: BIDIRECTIONAL_AVE }"},
    {"lstm { units: 3 bidirectional: BIDIRECTIONAL_MUL return_sequences: true }",
     "gru { units: 4 bidirectional: BIDIRECTIONAL_SUM dropout: 0.2 recurrent_dropout: 0.4 }"},
    {"gru { units: 4 reset_after: false recurrent_dropout: 0.3 }"},
    {"gru { units: 7 return_sequences: true }", "gru { units: 4 reset_after: false go_backwards: true }"},
    {"lstm { units: 4 recurrent_activation: RECURRENT_ACTIVATION_HARD_SIGMOID return_sequences: true }",
     "gru { units: 4 recurrent_activation: RECURRENT_ACTIVATION_HARD_SIGMOID_KERAS2 }"},
    {"dropout { rate: 0.5 }", "flatten { steps: 4 }"},
    {"flatten { steps: 3 }", "dense { units: 6 activation: ACTIVATION_TANH }", "batch_normalization { }"},
    {"batch_normalization { epsilon: 0.01 }", "lstm { units: 4 }"},
    {"concatenate { branches { layers { lstm { units: 3 } } } branches { layers { global_max_pooling1d { } } } "
     "branches { layers { gru { units: 2 } } layers { dense { units: 4 } } } }"},
    {"concatenate { branches { } branches { layers { conv1d { filters: 3 kernel_size: 3 padding: PADDING_SAME } } } }",
     "global_average_pooling1d { }"},
};

void CheckGradients(const ModelOnDevice& models, const PartGradients& have, const PartGradients& want) {
  CHECK(Difference(have.rows, Widen(want.rows)) < 2e-5);
  for (size_t table = 1; table < want.dense.size(); ++table) {
    CAPTURE(models.tables[table].name());
    // Gradients that cancel out (of a bias before a normalisation) are compared with what they are sums of.
    double magnitude = 1e-6;
    for (const float value : want.rows) magnitude = std::max<double>(magnitude, std::fabs(value));
    std::vector<double> differences(want.dense[table].size());
    double largest = magnitude;
    for (size_t i = 0; i < differences.size(); ++i) {
      largest = std::max<double>(largest, std::fabs(want.dense[table][i]));
      differences[i] = std::fabs(static_cast<double>(have.dense[table][i]) - want.dense[table][i]);
    }
    for (const double difference : differences) CHECK(difference < 2e-5 * largest);
  }
}

TEST_CASE("A part's loss, predictions and gradients on a device are those of the CPU") {
  for (const Texts& texts : kChains) {
    CAPTURE(texts);
    for (const int rows : {7, 1}) {
      ModelOnDevice models(ModelOnDevice::JobOf(texts), rows, 3);
      if (models.device == nullptr) return;
      const DropoutKey key = {5, 17, 2};
      PartGradients want, have;
      PartOutcome outcome;
      REQUIRE(models.cpu->Train(models.part, models.parameters, 10, &want, &outcome, key).ok());
      std::vector<double> losses(rows, NAN);
      std::vector<int32_t> predicted(rows, -1);
      models.SetTables();
      const CrossEntropyJudge judge = {.labels = models.part.labels.data(), .scale = 0.1f};
      const Training training = {key, rows / 10.0};
      const PartGradientMemory memory = models.MemoryFor(&have);
      for (int time = 0; time < 4; ++time) {
        // From the third time on steps are replayed.
        REQUIRE(
            models.device->TrainCrossEntropy(models.rows(), training, judge, losses.data(), predicted.data(), memory)
                .ok());
        CHECK(std::accumulate(losses.begin(), losses.end(), 0.0) == Approx(outcome.loss).epsilon(1e-5));
        CHECK(predicted == outcome.predicted);
        CheckGradients(models, have, want);
      }
    }
  }
}

TEST_CASE("Forward and backward with the loss on the host come to the same") {
  ModelOnDevice models(ModelOnDevice::JobOf(kChains[2]), 9, 4);
  if (models.device == nullptr) return;
  const DropoutKey key = {1, 2, 3};
  const Training training = {key, 1};
  PartGradients at_once, in_two;
  std::vector<double> losses(9);
  std::vector<int32_t> predicted(9), labels = models.part.labels;
  models.SetTables();
  REQUIRE(models.device
              ->TrainCrossEntropy(models.rows(), training, {.labels = labels.data(), .scale = 0.5f}, losses.data(),
                                  predicted.data(), models.MemoryFor(&at_once))
              .ok());
  std::vector<float> outputs(9 * models.device->outputs(), NAN);
  REQUIRE(models.device->Forward(models.rows(), &training, outputs.data()).ok());
  pumasi::SoftmaxCrossEntropy(9, models.device->outputs(), labels.data(), 0.5f, outputs.data(), predicted.data());
  REQUIRE(models.device->Backward(models.rows(), outputs.data(), models.MemoryFor(&in_two)).ok());
  CheckGradients(models, in_two, at_once);
}

TEST_CASE("In inference nothing is dropped, and moving statistics count") {
  for (const Texts& texts : kChains) {
    CAPTURE(texts);
    ModelOnDevice models(ModelOnDevice::JobOf(texts), 6, 5);
    if (models.device == nullptr) return;
    std::vector<float> want, have(6 * models.device->outputs(), NAN);
    REQUIRE(models.cpu->Predict(models.part, models.parameters, &want).ok());
    models.SetTables();
    REQUIRE(models.device->Forward(models.rows(), nullptr, have.data()).ok());
    pumasi::Softmax(6, models.device->outputs(), have.data());
    CHECK(Difference(have, Widen(want)) < 1e-5);
  }
}

TEST_CASE("A part of no rows has zero gradients, and parts do not disturb each other") {
  for (const Texts& texts : kChains) {
    CAPTURE(texts);
    ModelOnDevice models(ModelOnDevice::JobOf(texts), 0, 6);
    if (models.device == nullptr) return;
    PartGradients gradients;
    models.SetTables();
    const Training training = {{}, 0};
    REQUIRE(
        models.device->TrainCrossEntropy(models.rows(), training, {}, nullptr, nullptr, models.MemoryFor(&gradients))
            .ok());
    for (size_t i = 1; i < gradients.dense.size(); ++i) {
      CHECK(gradients.dense[i] == std::vector<float>(gradients.dense[i].size()));
    }
    // Small, large, small: the same bits.
    std::mt19937_64 random(9);
    std::vector<PartGradients> results;
    for (const int rows : {4, 25, 4}) {
      std::mt19937_64 same(rows);
      models.NewPart(rows, &same);
      models.SetTables();
      std::vector<double> losses(rows);
      std::vector<int32_t> predicted(rows);
      REQUIRE(models.device
                  ->TrainCrossEntropy(models.rows(), training, {.labels = models.part.labels.data()}, losses.data(),
                                      predicted.data(), models.MemoryFor(&results.emplace_back()))
                  .ok());
    }
    CHECK(results[0].rows == results[2].rows);
    CHECK(results[0].dense == results[2].dense);
  }
}

TEST_CASE("seed80m's shapes come to what the CPU computes") {
  ModelOnDevice models(ModelOnDevice::JobOf({"lstm { units: 256 }"}, 300), 5, 8);
  if (models.device == nullptr) return;
  // As large as weights are, so that gates do not saturate.
  for (auto& table : models.values) {
    for (float& value : table) value *= 0.1f;
  }
  PartGradients want, have;
  PartOutcome outcome;
  REQUIRE(models.cpu->Train(models.part, models.parameters, 5, &want, &outcome).ok());
  std::vector<double> losses(5);
  std::vector<int32_t> predicted(5);
  models.SetTables();
  REQUIRE(models.device
              ->TrainCrossEntropy(models.rows(), {}, {.labels = models.part.labels.data(), .scale = 0.2f},
                                  losses.data(), predicted.data(), models.MemoryFor(&have))
              .ok());
  CHECK(std::accumulate(losses.begin(), losses.end(), 0.0) == Approx(outcome.loss).epsilon(1e-5));
  CHECK(predicted == outcome.predicted);
  CheckGradients(models, have, want);
}

TEST_CASE("Models in several threads do not disturb each other") {
  constexpr int kThreads = 3;
  std::vector<PartGradients> results(2 * kThreads);
  const v1::Job job = ModelOnDevice::JobOf(kChains[0]);
  const auto run = [&](int seed, PartGradients* gradients) {
    ModelOnDevice models(job, 12, seed);
    if (models.device == nullptr) return;
    std::vector<double> losses(12);
    std::vector<int32_t> predicted(12);
    models.SetTables();
    const PartGradientMemory memory = models.MemoryFor(gradients);
    for (int time = 0; time < 4; ++time) {
      const absl::Status done = models.device->TrainCrossEntropy(
          models.rows(), {}, {.labels = models.part.labels.data()}, losses.data(), predicted.data(), memory);
      if (!done.ok()) gradients->rows.clear();
    }
  };
  for (int i = 0; i < kThreads; ++i) run(i, &results[i]);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(run, i, &results[kThreads + i]);
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < kThreads; ++i) {
    CHECK(results[i].rows == results[kThreads + i].rows);
    CHECK(results[i].dense == results[kThreads + i].dense);
  }
}

TEST_CASE("With compute: bf16 a model is near the one in float32") {
  v1::Job job = ModelOnDevice::JobOf({"lstm { units: 64 }"});
  job.set_compute(v1::COMPUTE_BF16);
  ModelOnDevice rounded(job, 20, 7);
  if (rounded.device == nullptr) return;
  job.clear_compute();
  ModelOnDevice exact(job, 20, 7);
  std::vector<float> have(20 * rounded.device->outputs()), want(have.size());
  rounded.SetTables();
  exact.SetTables();
  REQUIRE(rounded.device->Forward(rounded.rows(), nullptr, have.data()).ok());
  REQUIRE(exact.device->Forward(exact.rows(), nullptr, want.data()).ok());
  CHECK(have != want);
  CHECK(Difference(have, Widen(want)) < 0.05);
}

}  // namespace
}  // namespace pumasi::cuda
