#include "common/model_plan.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/worker_model/small_job.h"

namespace pumasi {
namespace {

std::vector<std::string> Shapes(const std::vector<v1::TableSpec>& tables) {
  std::vector<std::string> shapes;
  for (const v1::TableSpec& table : tables) {
    shapes.push_back(table.name() + " " + std::to_string(table.rows()) + "x" + std::to_string(table.columns()));
  }
  return shapes;
}

std::string Refusal(const v1::Job& job) { return std::string(CheckModel(job).message()); }

TEST_CASE("A job's tables stand in the order of its layers, with Keras' shapes and initial values") {
  const auto tables = PlanTables(SmallJob(), SmallData());
  REQUIRE(tables.ok());
  CHECK(Shapes(*tables) == std::vector<std::string>{"embedding 50x3", "lstm/kernel 3x16", "lstm/recurrent_kernel 4x16",
                                                    "lstm/bias 1x16", "dense/kernel 4x5", "dense/bias 1x5",
                                                    "dense_1/kernel 5x6", "dense_1/bias 1x6"});
  std::vector<v1::Initializer::Kind> kinds;
  std::set<uint64_t> seeds;
  for (const v1::TableSpec& table : *tables) {
    CHECK((table.kind() == v1::TableSpec::ROWS) == (table.name() == "embedding"));
    kinds.push_back(table.initializer().kind());
    seeds.insert(table.initializer().seed());
  }
  CHECK(kinds == std::vector<v1::Initializer::Kind>{v1::Initializer::UNIFORM, v1::Initializer::GLOROT_UNIFORM,
                                                    v1::Initializer::ORTHOGONAL, v1::Initializer::LSTM_BIAS,
                                                    v1::Initializer::GLOROT_UNIFORM, v1::Initializer::ZEROS,
                                                    v1::Initializer::GLOROT_UNIFORM, v1::Initializer::ZEROS});
  CHECK(tables->front().initializer().limit() == 0.05f);
  CHECK(seeds.size() == tables->size());
}

TEST_CASE("The reference workload has 80,656,435 parameters") {
  v1::Job job;
  job.add_model()->mutable_embedding()->set_width(300);
  job.add_model()->mutable_lstm()->set_units(256);
  job.add_model()->mutable_dense()->set_activation(v1::ACTIVATION_SOFTMAX);
  v1::DataSummary data;
  data.set_vocabulary(266927);
  data.set_classes(31);
  const auto tables = PlanTables(job, data);
  REQUIRE(tables.ok());
  uint64_t parameters = 0;
  for (const v1::TableSpec& table : *tables) parameters += table.rows() * table.columns();
  CHECK(parameters == 80656435);
}

TEST_CASE("Layers that do not fit are refused with position and name") {
  CHECK(CheckModel(SmallJob()).ok());
  CHECK(Refusal(v1::Job()).find("there are no layers") != std::string::npos);

  v1::Job job = SmallJob();
  job.mutable_model()->DeleteSubrange(0, 1);
  CHECK(Refusal(job) == "model: layer 1 (lstm): the first layer has to be an embedding, which turns ids into vectors");

  job = SmallJob();
  job.mutable_model()->DeleteSubrange(1, 1);
  CHECK(Refusal(job).find(
            "model: layer 2 (dense): a dense layer takes one vector a row (rows x width), but embedding") == 0);

  job = SmallJob();
  job.mutable_model(2)->mutable_lstm()->set_units(9);
  CHECK(Refusal(job).find("model: layer 3 (lstm_1): an lstm takes a sequence") == 0);

  job = SmallJob();
  job.mutable_model(2)->mutable_dense()->clear_units();
  CHECK(Refusal(job).find("model: layer 3 (dense): units is 0 or not set") == 0);

  job = SmallJob();
  job.mutable_model(2)->mutable_dense()->set_activation(v1::ACTIVATION_SOFTMAX);
  CHECK(Refusal(job).find("model: layer 3 (dense): softmax is an activation of the last layer only") == 0);

  job = SmallJob();
  job.mutable_model(3)->mutable_dense()->set_activation(v1::ACTIVATION_RELU);
  CHECK(Refusal(job).find("model: layer 4 (dense_1): the last layer has to be dense with activation: softmax") == 0);

  job = SmallJob();
  job.mutable_model(3)->mutable_embedding()->set_width(2);
  CHECK(Refusal(job).find("model: layer 4 (embedding_1): an embedding can only be the first layer") == 0);

  job = SmallJob();
  job.mutable_model()->DeleteSubrange(1, 3);
  CHECK(Refusal(job).find("model: layer 1 (embedding): the last layer has to be dense") == 0);

  job = SmallJob();
  job.mutable_model(1)->Clear();
  CHECK(Refusal(job).find("model: layer 2 (unknown): it is none of") == 0);
}

TEST_CASE("A last layer of another width than the data's classes is refused with both shapes") {
  v1::Job job = SmallJob();
  job.mutable_model(3)->mutable_dense()->set_units(6);
  CHECK(PlanTables(job, SmallData()).ok());
  job.mutable_model(3)->mutable_dense()->set_units(7);
  const std::string message(PlanTables(job, SmallData()).status().message());
  CHECK(message.find("model: layer 4 (dense_1)") == 0);
  CHECK(message.find("rows x 7") != std::string::npos);
  CHECK(message.find("rows x 6") != std::string::npos);
}

TEST_CASE("Data without ids or classes is refused") {
  v1::DataSummary data = SmallData();
  data.set_classes(1);
  CHECK_FALSE(PlanTables(SmallJob(), data).ok());
  data = SmallData();
  data.set_vocabulary(0);
  CHECK_FALSE(PlanTables(SmallJob(), data).ok());
}

}  // namespace
}  // namespace pumasi
