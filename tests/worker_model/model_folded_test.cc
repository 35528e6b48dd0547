// Inference with folded rows, and models whose device is not there.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "common/model_plan.h"
#include "ops/embedding.h"
#include "ops/initializer.h"
#include "tests/worker_model/planned_job.h"
#include "tests/worker_model/small_job.h"
#include "worker/model/model.h"

namespace pumasi {
namespace {

TEST_CASE("A model gives the same bits with rows folded once, whichever layers follow the lstm") {
  const std::vector<std::string> layers = GENERATE(values<std::vector<std::string>>(
      {{"lstm { units: 7 }"},
       {"lstm { units: 16 return_sequences: true }", "gru { units: 3 }"},
       {"lstm { units: 5 go_backwards: true dropout: 0.3 }", "dropout { rate: 0.5 }"}}));
  const v1::Compute compute = GENERATE(v1::COMPUTE_FLOAT32, v1::COMPUTE_BF16);
  CAPTURE(layers, compute);
  v1::Job job = JobOf(layers);
  job.set_compute(compute);
  const auto tables = PlanTables(job, SmallData());
  REQUIRE(tables.ok());
  const auto model = Model::Create(job, *tables);
  REQUIRE(model.ok());
  std::vector<std::vector<float>> values;
  Parameters parameters;
  for (const v1::TableSpec& table : *tables) {
    values.emplace_back(table.rows() * table.columns());
    InitialTensor(table, values.back().data());
    for (float& value : values.back()) value = value * 3 + 0.05f;
  }
  for (const auto& table : values) parameters.dense.push_back(table.data());
  parameters.dense[0] = nullptr;

  // The whole table at once; parts name their rows by id.
  const size_t width = (*model)->folded_width();
  REQUIRE(width > 0);
  std::vector<float> folded(50 * width);
  (*model)->Fold(parameters, 50, values[0].data(), folded.data());
  std::mt19937_64 random(4);
  for (const int row_count : {0, 1, 9}) {
    Part part;
    std::vector<uint64_t> ids;
    part.offsets = {0};
    for (int row = 0; row < row_count; ++row) {
      for (size_t i = random() % 6; i > 0; --i) ids.push_back(random() % 50);
      part.offsets.push_back(static_cast<uint32_t>(ids.size()));
      part.labels.push_back(static_cast<int32_t>(random() % 6));
    }
    MergeIds(ids.data(), ids.size(), &part.ids, &part.tokens);
    std::vector<float> rows;
    for (const uint64_t id : part.ids) rows.insert(rows.end(), &values[0][id * 3], &values[0][id * 3 + 3]);
    parameters.rows = rows.data();
    parameters.folded = {};
    std::vector<float> plain, fast;
    PartOutcome plain_outcome, fast_outcome;
    REQUIRE((*model)->Predict(part, parameters, &plain).ok());
    REQUIRE((*model)->Evaluate(part, parameters, &plain_outcome).ok());

    const std::vector<uint32_t> tokens(ids.begin(), ids.end());
    parameters.rows = nullptr;
    parameters.folded = {folded.data(), 50, tokens.data()};
    REQUIRE((*model)->Predict(part, parameters, &fast).ok());
    REQUIRE((*model)->Evaluate(part, parameters, &fast_outcome).ok());
    CHECK(plain == fast);
    CHECK(plain_outcome.loss == fast_outcome.loss);
    CHECK(plain_outcome.confusions == fast_outcome.confusions);
    if (tokens.empty()) continue;
    parameters.folded.count = *std::max_element(tokens.begin(), tokens.end());
    CHECK(absl::IsInvalidArgument((*model)->Predict(part, parameters, &fast)));
    PartGradients gradients;
    CHECK(absl::IsInvalidArgument((*model)->Train(part, parameters, 9, &gradients, &fast_outcome)));
  }
}

TEST_CASE("Only an lstm in one direction, first behind the embedding, has something to fold") {
  const auto folded_width = [](const std::vector<std::string>& layers) {
    const v1::Job job = JobOf(layers);
    return (*Model::Create(job, *PlanTables(job, SmallData())))->folded_width();
  };
  CHECK(folded_width({"gru { units: 4 }"}) == 0);
  CHECK(folded_width({"lstm { units: 4 bidirectional: BIDIRECTIONAL_CONCAT }"}) == 0);
  CHECK(folded_width({"global_max_pooling1d {}"}) == 0);
  CHECK(folded_width({"lstm { units: 4 }"}) >= 16);
}

TEST_CASE("A model for a device that this build or machine does not have is refused") {
  const auto model = Model::Create(SmallJob(), *PlanTables(SmallJob(), SmallData()), 4711);
  CHECK_FALSE(model.ok());
  CHECK(std::string(model.status().message()).find("CUDA") != std::string::npos);
}

}  // namespace
}  // namespace pumasi
