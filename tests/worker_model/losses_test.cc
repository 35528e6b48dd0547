// Whole models under each loss: outcomes, predictions, parts that do not fit.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/model_plan.h"
#include "ops/embedding.h"
#include "ops/loss_reference.h"
#include "tests/ops/random_floats.h"
#include "tests/worker_model/layer_run.h"
#include "worker/model/model.h"

namespace pumasi {
namespace {

constexpr int kOutputs = 4;

// embedding 2 → mean → dense 4, and a part of `rows` random rows.
struct Fixture {
  v1::Job job;
  std::unique_ptr<Model> model;
  std::vector<v1::TableSpec> tables;
  std::vector<std::vector<float>> values;
  Part part;
  std::vector<std::vector<int32_t>> sets;
  Parameters parameters;

  Fixture(v1::Loss loss, const std::string& last, int rows, uint32_t top_k = 2) {
    job.set_loss(loss);
    job.set_top_k(top_k);
    *job.add_model() = LayerOf("embedding { width: 2 }");
    *job.add_model() = LayerOf("global_average_pooling1d { }");
    *job.add_model() = LayerOf(last);
    v1::DataSummary data;
    data.set_vocabulary(20);
    data.set_classes(kOutputs);
    tables = *PlanTables(job, data);
    model = *Model::Create(job, tables);
    std::mt19937_64 random(6);
    for (const v1::TableSpec& table : tables) {
      values.push_back(RandomFloats(table.rows() * table.columns(), 2, &random));
    }
    std::vector<uint64_t> ids;
    part.offsets = {0};
    part.label_offsets = {0};
    for (int row = 0; row < rows; ++row) {
      for (size_t i = random() % 4; i > 0; --i) ids.push_back(random() % 20);
      part.offsets.push_back(static_cast<uint32_t>(ids.size()));
      Label(random());
    }
    if (loss != v1::LOSS_BINARY_CROSS_ENTROPY) part.label_offsets.clear();
    MergeIds(ids.data(), ids.size(), &part.ids, &part.tokens);
    std::vector<float> rows_of_part;
    for (const uint64_t id : part.ids) {
      rows_of_part.insert(rows_of_part.end(), values[0].begin() + id * 2, values[0].begin() + id * 2 + 2);
    }
    values[0] = rows_of_part;
    for (const auto& table : values) parameters.dense.push_back(table.data());
    parameters.dense[0] = nullptr;
    parameters.rows = values[0].data();
  }

  void Label(uint64_t bits) {
    if (job.loss() == v1::LOSS_MSE) {
      for (int i = 0; i < kOutputs; ++i) part.targets.push_back(static_cast<float>(bits >> (8 * i) & 255) / 64 - 2);
    } else if (job.loss() == v1::LOSS_CROSS_ENTROPY) {
      part.labels.push_back(static_cast<int32_t>(bits % kOutputs));
    } else {
      auto& set = sets.emplace_back();
      for (int32_t c = 0; c < kOutputs; ++c) {
        if (bits >> c & 1) set.push_back(c);
      }
      part.labels.insert(part.labels.end(), set.begin(), set.end());
      part.label_offsets.push_back(static_cast<uint32_t>(part.labels.size()));
    }
  }

  std::vector<float> Predict() {
    std::vector<float> results;
    Part unlabelled = part;
    unlabelled.labels.clear();
    unlabelled.label_offsets.clear();
    unlabelled.targets.clear();
    REQUIRE(model->Predict(unlabelled, parameters, &results).ok());
    REQUIRE(results.size() == part.rows() * kOutputs);
    return results;
  }

  absl::Status Train(PartOutcome* outcome) {
    PartGradients gradients;
    return model->Train(part, parameters, 10, &gradients, outcome);
  }
};

TEST_CASE("With cross entropy evaluations count confusions and the top k; training does not") {
  for (const uint32_t top_k : {1u, 3u, 4u}) {
    Fixture fixture(v1::LOSS_CROSS_ENTROPY, "dense { activation: ACTIVATION_SOFTMAX }", 30, top_k);
    PartOutcome trained, evaluated;
    REQUIRE(fixture.Train(&trained).ok());
    REQUIRE(fixture.model->Evaluate(fixture.part, fixture.parameters, &evaluated).ok());
    CHECK(trained.confusions.empty());
    CHECK(trained.top_k_correct == 0);
    const std::vector<float> p = fixture.Predict();
    std::map<std::pair<int32_t, int32_t>, uint64_t> confusions;
    uint64_t within = 0;
    for (size_t row = 0; row < 30; ++row) {
      const int32_t label = fixture.part.labels[row];
      ++confusions[{label, evaluated.predicted[row]}];
      uint32_t before = 0;
      for (int c = 0; c < kOutputs; ++c) before += p[row * kOutputs + c] > p[row * kOutputs + label];
      within += before < top_k;
    }
    CHECK(evaluated.confusions == confusions);
    // All four are no choice.
    CHECK(evaluated.top_k_correct == (top_k == 4 ? 0 : within));
    if (top_k == 1) CHECK(evaluated.top_k_correct == evaluated.correct);
  }
}

TEST_CASE("With binary cross entropy a row is right if its labels are exactly those above one half") {
  Fixture fixture(v1::LOSS_BINARY_CROSS_ENTROPY, "dense { activation: ACTIVATION_SIGMOID }", 40);
  PartOutcome trained, evaluated;
  REQUIRE(fixture.Train(&trained).ok());
  REQUIRE(fixture.model->Evaluate(fixture.part, fixture.parameters, &evaluated).ok());
  CHECK(trained.loss == evaluated.loss);
  CHECK(trained.correct == evaluated.correct);
  CHECK(trained.confusions.empty());
  CHECK(evaluated.predicted.empty());
  CHECK(evaluated.top_k_correct == 0);
  const std::vector<float> p = fixture.Predict();
  std::map<std::pair<int32_t, int32_t>, uint64_t> confusions;
  uint64_t correct = 0;
  std::vector<double> logits;
  for (size_t row = 0; row < 40; ++row) {
    std::vector<int32_t> above;
    for (int32_t c = 0; c < kOutputs; ++c) {
      const double probability = p[row * kOutputs + c];
      logits.push_back(std::log(probability / (1 - probability)));
      if (probability > 0.5) above.push_back(c);
    }
    const auto& set = fixture.sets[row];
    const auto has = [](const std::vector<int32_t>& of, int32_t c) { return std::count(of.begin(), of.end(), c) > 0; };
    for (const int32_t c : set) ++confusions[{c, has(above, c) ? c : kOutputs}];
    for (const int32_t c : above) {
      if (!has(set, c)) ++confusions[{kOutputs, c}];
    }
    correct += above == set;
  }
  CHECK(evaluated.confusions == confusions);
  CHECK(evaluated.correct == correct);
  CHECK(evaluated.loss ==
        Approx(reference::BinaryCrossEntropy<double>(logits, kOutputs, fixture.sets, 0)).epsilon(1e-4));
}

TEST_CASE("With mse a model gives numbers and counts nothing but the loss") {
  for (const char* last :
       {"dense { }", "dense { activation: ACTIVATION_TANH }", "dense { activation: ACTIVATION_RELU }"}) {
    CAPTURE(last);
    Fixture fixture(v1::LOSS_MSE, last, 20);
    PartOutcome trained, evaluated;
    REQUIRE(fixture.Train(&trained).ok());
    REQUIRE(fixture.model->Evaluate(fixture.part, fixture.parameters, &evaluated).ok());
    CHECK(evaluated.loss == trained.loss);
    CHECK(evaluated.loss ==
          Approx(reference::SquaredError(Widen(fixture.Predict()), kOutputs, Widen(fixture.part.targets))));
    CHECK(evaluated.correct == 0);
    CHECK(evaluated.confusions.empty());
    CHECK(evaluated.predicted.empty());
  }
}

TEST_CASE("An outcome that is used again holds nothing of the part before") {
  Fixture fixture(v1::LOSS_CROSS_ENTROPY, "dense { activation: ACTIVATION_SOFTMAX }", 9);
  PartOutcome used, fresh;
  REQUIRE(fixture.model->Evaluate(fixture.part, fixture.parameters, &used).ok());
  REQUIRE(fixture.Train(&used).ok());
  REQUIRE(fixture.Train(&fresh).ok());
  CHECK(used.confusions.empty());
  CHECK(used.top_k_correct == 0);
  CHECK(used.predicted == fresh.predicted);
  CHECK(used.loss == fresh.loss);
}

TEST_CASE("Under every loss a part of no rows has no loss, and one that is not a number names the row") {
  const struct {
    v1::Loss loss;
    const char* last;
  } cases[] = {{v1::LOSS_CROSS_ENTROPY, "dense { activation: ACTIVATION_SOFTMAX }"},
               {v1::LOSS_BINARY_CROSS_ENTROPY, "dense { activation: ACTIVATION_SIGMOID }"},
               {v1::LOSS_MSE, "dense { }"}};
  for (const auto& c : cases) {
    CAPTURE(c.last);
    Fixture none(c.loss, c.last, 0);
    PartOutcome outcome;
    REQUIRE(none.Train(&outcome).ok());
    CHECK(outcome.loss == 0);
    // Not even an offset.
    none.part = {};
    REQUIRE(none.model->Evaluate(none.part, none.parameters, &outcome).ok());
    CHECK(outcome.loss == 0);

    Fixture spoiled(c.loss, c.last, 9);
    spoiled.values[2][1] = NAN;
    const absl::Status status = spoiled.Train(&outcome);
    CHECK(status.code() == absl::StatusCode::kOutOfRange);
    CHECK(std::string(status.message()).find("the loss is nan, first in row 0 of 9") == 0);
  }
}

}  // namespace
}  // namespace pumasi
