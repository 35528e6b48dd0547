#include "worker/model/model.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "common/model_plan.h"
#include "ops/dense_reference.h"
#include "ops/embedding.h"
#include "ops/initializer.h"
#include "ops/lstm_reference.h"
#include "ops/softmax_cross_entropy_reference.h"
#include "tests/worker_model/small_job.h"

namespace pumasi {
namespace {

// A model, its initial values, and a part of random rows; some are empty.
struct Fixture {
  std::vector<v1::TableSpec> tables = *PlanTables(SmallJob(), SmallData());
  std::unique_ptr<Model> model = *Model::Create(SmallJob(), tables);
  std::vector<std::vector<float>> values;
  reference::Rows rows;
  Part part;
  std::vector<float> part_rows;
  Parameters parameters;

  explicit Fixture(int row_count = 9) {
    std::mt19937_64 random(3);
    for (const v1::TableSpec& table : tables) {
      values.emplace_back(table.rows() * table.columns());
      InitialTensor(table, values.back().data());
      // Away from zero, where gradients would be tiny.
      for (float& value : values.back()) value = value * 4 + 0.1f;
    }
    std::vector<uint64_t> ids;
    part.offsets = {0};
    for (int row = 0; row < row_count; ++row) {
      for (size_t i = random() % 7; i > 0; --i) ids.push_back(random() % 50);
      part.offsets.push_back(static_cast<uint32_t>(ids.size()));
      part.labels.push_back(static_cast<int32_t>(random() % 6));
    }
    MergeIds(ids.data(), ids.size(), &part.ids, &part.tokens);
    Read();
  }

  // Makes `parameters` and `rows` those of `part`.
  void Read() {
    rows.assign(part.rows(), {});
    for (size_t row = 0; row < part.rows(); ++row) {
      rows[row].assign(part.tokens.begin() + part.offsets[row], part.tokens.begin() + part.offsets[row + 1]);
    }
    part_rows.clear();
    for (const uint64_t id : part.ids) {
      part_rows.insert(part_rows.end(), values[0].begin() + id * 3, values[0].begin() + (id + 1) * 3);
    }
    parameters = {};
    for (const auto& table : values) parameters.dense.push_back(table.data());
    parameters.dense[0] = nullptr;
    parameters.rows = part_rows.data();
  }
};

// The same network from the plain operators, in double.
struct PlainNetwork {
  reference::Rows rows;
  std::vector<int32_t> labels;
  // By table; the first one is the part's rows.
  std::vector<std::vector<double>> values;

  explicit PlainNetwork(const Fixture& fixture) : rows(fixture.rows), labels(fixture.part.labels) {
    for (const auto& table : fixture.values) values.emplace_back(table.begin(), table.end());
    values[0].assign(fixture.part_rows.begin(), fixture.part_rows.end());
  }

  std::vector<double> Logits() const {
    const std::vector<double> state =
        reference::Lstm<double>(3, 4).Forward(rows, {values[1], values[2], values[3], values[0]});
    const reference::Dense<double> first = {rows.size(), 4, 5, Activation::kTanh, values[4], values[5]};
    const reference::Dense<double> second = {rows.size(), 5, 6, Activation::kLinear, values[6], values[7]};
    return second.Forward(first.Forward(state));
  }

  double Loss() const { return reference::CrossEntropy(Logits(), 6, labels); }
};

TEST_CASE("The whole model's gradients are those of finite differences") {
  Fixture fixture;
  PlainNetwork plain(fixture);
  constexpr uint64_t kBatchRows = 20;
  PartGradients gradients;
  PartOutcome outcome;
  REQUIRE(fixture.model->Train(fixture.part, fixture.parameters, kBatchRows, &gradients, &outcome).ok());
  CHECK(outcome.loss == Approx(plain.Loss()).epsilon(1e-6));
  REQUIRE(gradients.dense.size() == fixture.tables.size());
  CHECK(gradients.dense[0].empty());
  for (size_t table = 0; table < plain.values.size(); ++table) {
    CAPTURE(fixture.tables[table].name());
    const std::vector<float>& have = table == 0 ? gradients.rows : gradients.dense[table];
    REQUIRE(have.size() == plain.values[table].size());
    for (size_t i = 0; i < have.size(); ++i) {
      double& value = plain.values[table][i];
      const double before = value, step = 1e-5;
      value = before + step;
      const double above = plain.Loss();
      value = before - step;
      const double below = plain.Loss();
      value = before;
      CHECK(have[i] == Approx((above - below) / (2 * step) / kBatchRows).epsilon(1e-4).margin(1e-7));
    }
  }
}

TEST_CASE("Training, evaluating and predicting agree on a part") {
  Fixture fixture;
  PartGradients gradients;
  PartOutcome trained, evaluated;
  std::vector<float> probabilities;
  REQUIRE(fixture.model->Train(fixture.part, fixture.parameters, 9, &gradients, &trained).ok());
  REQUIRE(fixture.model->Evaluate(fixture.part, fixture.parameters, &evaluated).ok());
  REQUIRE(fixture.model->Predict(fixture.part, fixture.parameters, &probabilities).ok());
  CHECK(trained.loss == evaluated.loss);
  CHECK(trained.correct == evaluated.correct);
  CHECK(trained.predicted == evaluated.predicted);
  REQUIRE(probabilities.size() == 9 * 6);
  double loss = 0;
  for (size_t row = 0; row < 9; ++row) {
    const auto begin = probabilities.begin() + row * 6;
    CHECK(std::max_element(begin, begin + 6) - begin == evaluated.predicted[row]);
    loss -= std::log(begin[fixture.part.labels[row]]);
  }
  CHECK(loss == Approx(evaluated.loss).epsilon(1e-5));
}

TEST_CASE("Values that are said to be those of the last training are not taken for those of an inference in between") {
  Fixture fixture;
  const auto train = [&](bool same_dense) {
    PartGradients gradients;
    PartOutcome outcome;
    fixture.parameters.same_dense = same_dense;
    REQUIRE(fixture.model->Train(fixture.part, fixture.parameters, 20, &gradients, &outcome).ok());
    return gradients;
  };
  // Before anything was computed, too.
  const PartGradients first = train(true), again = train(true);
  CHECK(again.dense == first.dense);
  CHECK(again.rows == first.rows);
  Fixture other;
  for (auto& table : other.values) {
    for (float& value : table) value = 0.5f - value;
  }
  other.Read();
  PartOutcome outcome;
  REQUIRE(fixture.model->Evaluate(other.part, other.parameters, &outcome).ok());
  CHECK(train(true).dense == first.dense);
  std::vector<float> folded(2 * fixture.model->folded_width());
  fixture.model->Fold(other.parameters, 2, other.values[0].data(), folded.data());
  CHECK(train(true).dense == first.dense);
}

TEST_CASE("A part of no rows has no loss and zero gradients") {
  Fixture fixture(0);
  PartGradients gradients;
  PartOutcome outcome;
  REQUIRE(fixture.model->Train(fixture.part, fixture.parameters, 1, &gradients, &outcome).ok());
  CHECK(outcome.loss == 0);
  CHECK(gradients.rows.empty());
  for (size_t table = 1; table < gradients.dense.size(); ++table) {
    CHECK(gradients.dense[table] == std::vector<float>(fixture.values[table].size()));
  }
  fixture.part.offsets.clear();
  std::vector<float> probabilities;
  CHECK(fixture.model->Predict(fixture.part, fixture.parameters, &probabilities).ok());
}

TEST_CASE("A loss that is not a number is an error that names the row") {
  Fixture fixture;
  fixture.values[7][2] = NAN;
  fixture.Read();
  PartGradients gradients;
  PartOutcome outcome;
  const absl::Status status = fixture.model->Train(fixture.part, fixture.parameters, 9, &gradients, &outcome);
  CHECK(status.code() == absl::StatusCode::kOutOfRange);
  CHECK(std::string(status.message()).find("the loss is nan, first in row 0 of 9") == 0);
}

TEST_CASE("A part that contradicts itself, and missing parameters, are refused") {
  const auto refused = [](void (*spoil)(Fixture*)) {
    Fixture fixture;
    spoil(&fixture);
    PartGradients gradients;
    PartOutcome outcome;
    return fixture.model->Train(fixture.part, fixture.parameters, 9, &gradients, &outcome).code() ==
           absl::StatusCode::kInvalidArgument;
  };
  CHECK_FALSE(refused([](Fixture* f) {}));
  CHECK(refused([](Fixture* f) { f->part.labels[3] = 6; }));
  CHECK(refused([](Fixture* f) { f->part.labels[3] = -1; }));
  CHECK(refused([](Fixture* f) { f->part.labels.pop_back(); }));
  CHECK(refused([](Fixture* f) { f->part.tokens[0] = static_cast<uint32_t>(f->part.ids.size()); }));
  CHECK(refused([](Fixture* f) { f->part.tokens.pop_back(); }));
  CHECK(refused([](Fixture* f) { f->part.offsets[0] = 1; }));
  CHECK(refused([](Fixture* f) { f->part.offsets[4] = 1000; }));
  CHECK(refused([](Fixture* f) { std::swap(f->part.ids[0], f->part.ids[1]); }));
  CHECK(refused([](Fixture* f) { f->parameters.dense.pop_back(); }));
  CHECK(refused([](Fixture* f) { f->parameters.dense[2] = nullptr; }));
  CHECK(refused([](Fixture* f) { f->parameters.rows = nullptr; }));
}

TEST_CASE("Tables that are not the job's are refused by name and both shapes") {
  std::vector<v1::TableSpec> tables = *PlanTables(SmallJob(), SmallData());
  tables[2].set_columns(12);
  CHECK(Model::Create(SmallJob(), tables).status().message() ==
        "table 2 of the job is lstm/recurrent_kernel (4 x 16), but lstm/recurrent_kernel (4 x 12) is given");
  tables = *PlanTables(SmallJob(), SmallData());
  tables[3].set_update(v1::TableSpec::MOVING_AVERAGE);
  CHECK(Model::Create(SmallJob(), tables).status().message() ==
        "table 3 of the job is lstm/bias (1 x 16), but lstm/bias (1 x 16, a moving average) is given");
  tables.pop_back();
  CHECK_FALSE(Model::Create(SmallJob(), tables).ok());
  CHECK_FALSE(Model::Create(SmallJob(), {}).ok());
}

}  // namespace
}  // namespace pumasi
