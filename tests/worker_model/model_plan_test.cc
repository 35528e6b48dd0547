#include "common/model_plan.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/worker_model/planned_job.h"
#include "tests/worker_model/small_job.h"

namespace pumasi {
namespace {

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

TEST_CASE("Each layer has Keras' tables") {
  const auto shapes = [](const std::vector<std::string>& layers) {
    const auto tables = PlanTables(JobOf(layers), SmallData());
    REQUIRE(tables.ok());
    std::vector<std::string> all = Shapes(*tables);
    return std::vector<std::string>(all.begin() + 1, all.end());
  };
  using Expected = std::vector<std::string>;
  CHECK(shapes({"gru { units: 4 }"}) == Expected{"gru/kernel 3x12", "gru/recurrent_kernel 4x12", "gru/bias 2x12",
                                                 "dense/kernel 4x6", "dense/bias 1x6"});
  CHECK(shapes({"gru { units: 4 reset_after: false }"})[2] == "gru/bias 1x12");
  CHECK(shapes({"lstm { units: 4 bidirectional: BIDIRECTIONAL_CONCAT }"}) ==
        Expected{"lstm/forward_kernel 3x16", "lstm/forward_recurrent_kernel 4x16", "lstm/forward_bias 1x16",
                 "lstm/backward_kernel 3x16", "lstm/backward_recurrent_kernel 4x16", "lstm/backward_bias 1x16",
                 "dense/kernel 8x6", "dense/bias 1x6"});
  CHECK(shapes({"lstm { units: 4 bidirectional: BIDIRECTIONAL_SUM }"})[6] == "dense/kernel 4x6");
  CHECK(shapes({"lstm { units: 4 return_sequences: true }", "lstm { units: 5 }"})[3] == "lstm_1/kernel 4x20");
  CHECK(shapes({"spatial_dropout1d { rate: 0.5 }", "conv1d { filters: 5 kernel_size: 2 }", "global_max_pooling1d { }",
                "dropout { rate: 0.1 }"}) ==
        Expected{"conv1d/kernel 6x5", "conv1d/bias 1x5", "dense/kernel 5x6", "dense/bias 1x6"});
  CHECK(shapes({"layer_normalization { }", "attention { units: 7 }"}) ==
        Expected{"layer_normalization/gamma 1x3", "layer_normalization/beta 1x3", "attention/kernel 3x7",
                 "attention/bias 1x7", "attention/vector 1x7", "dense/kernel 3x6", "dense/bias 1x6"});
  CHECK(shapes({"global_average_pooling1d { }"}) == Expected{"dense/kernel 3x6", "dense/bias 1x6"});
}

TEST_CASE("Each layer has Keras' initial values") {
  const auto tables = PlanTables(
      JobOf({"layer_normalization { }", "conv1d { filters: 5 kernel_size: 2 }", "gru { units: 4 }"}), SmallData());
  REQUIRE(tables.ok());
  std::vector<v1::Initializer::Kind> kinds;
  for (const v1::TableSpec& table : *tables) kinds.push_back(table.initializer().kind());
  using I = v1::Initializer;
  CHECK(kinds == std::vector<I::Kind>{I::UNIFORM, I::ONES, I::ZEROS, I::UNIFORM, I::ZEROS, I::GLOROT_UNIFORM,
                                      I::ORTHOGONAL, I::ZEROS, I::GLOROT_UNIFORM, I::ZEROS});
  // sqrt(6 / (2·3 + 2·5))
  CHECK((*tables)[3].initializer().limit() == Approx(0.6123724));
  const auto bias = [](const std::string& text) {
    return (*PlanTables(JobOf({text}), SmallData()))[3].initializer().kind();
  };
  CHECK(bias("lstm { units: 4 }") == I::LSTM_BIAS);
  CHECK(bias("lstm { units: 4 unit_forget_bias: true }") == I::LSTM_BIAS);
  CHECK(bias("lstm { units: 4 unit_forget_bias: false }") == I::ZEROS);
}

TEST_CASE("Layers that can't compute with what is before them are refused by both names and shapes") {
  CHECK(Refusal(JobOf({"lstm { units: 4 }", "lstm { units: 5 }"})) ==
        "model: layer 3 (lstm_1): an lstm takes a sequence (rows x tokens x width), but lstm gives one vector a row "
        "(rows x 4); set return_sequences: true there");
  CHECK(
      Refusal(JobOf({"lstm { units: 4 return_sequences: true }"}))
          .find(
              "model: layer 3 (dense): a dense layer takes one vector a row (rows x width), but lstm gives a sequence "
              "(rows x tokens x 4)") == 0);
  for (const char* text :
       {"gru { units: 4 }", "spatial_dropout1d { rate: 0.5 }", "conv1d { filters: 2 kernel_size: 2 }",
        "global_max_pooling1d { }", "global_average_pooling1d { }", "attention { units: 2 }"}) {
    CAPTURE(text);
    CHECK(Refusal(JobOf({"global_average_pooling1d { }", text}))
              .find(" takes a sequence (rows x tokens x width), but "
                    "global_average_pooling1d gives one vector a row "
                    "(rows x 3); put it before") != std::string::npos);
  }
}

TEST_CASE("Settings that mean nothing are refused") {
  for (const char* text :
       {"lstm { units: 4 go_backwards: true bidirectional: BIDIRECTIONAL_SUM }", "lstm { units: 4 dropout: 1 }",
        "gru { units: 4 recurrent_dropout: -0.5 }", "gru { }", "conv1d { kernel_size: 2 }", "conv1d { filters: 2 }",
        "conv1d { filters: 2 kernel_size: 2 activation: ACTIVATION_SOFTMAX }", "attention { }",
        "spatial_dropout1d { rate: 1 }", "layer_normalization { epsilon: 0 }", "batch_normalization { epsilon: 0 }",
        "batch_normalization { momentum: 1 }"}) {
    CAPTURE(text);
    CHECK(Refusal(JobOf({text, "global_max_pooling1d { }"})).find("model: layer 2 (") == 0);
  }
  CHECK(
      Refusal(JobOf({"global_max_pooling1d { }", "dropout { rate: nan }"})).find("model: layer 3 (dropout): rate is") ==
      0);
}

TEST_CASE("Batch normalisation has Keras' tables, of which the moving ones are averages") {
  const auto tables =
      PlanTables(JobOf({"batch_normalization { momentum: 0.9 }", "global_max_pooling1d { }"}), SmallData());
  REQUIRE(tables.ok());
  CHECK(Shapes(*tables) ==
        std::vector<std::string>{"embedding 50x3", "batch_normalization/gamma 1x3", "batch_normalization/beta 1x3",
                                 "batch_normalization/moving_mean 1x3", "batch_normalization/moving_variance 1x3",
                                 "dense/kernel 3x6", "dense/bias 1x6"});
  for (const v1::TableSpec& table : *tables) {
    const bool moving = table.name().find("/moving_") != std::string::npos;
    CHECK((table.update() == v1::TableSpec::MOVING_AVERAGE) == moving);
    CHECK(table.momentum() == (moving ? 0.9 : 0.0));
  }
  CHECK((*tables)[3].initializer().kind() == v1::Initializer::ZEROS);
  CHECK((*tables)[4].initializer().kind() == v1::Initializer::ONES);
  CHECK(PlanTables(JobOf({"batch_normalization { }", "global_max_pooling1d { }"}), SmallData())->at(3).momentum() ==
        0.99);
}

TEST_CASE("Names, seeds and first values of what was there before have not changed") {
  // FNV-1a over the serialised tables of a model with every earlier layer.
  const v1::Job job = JobOf({"spatial_dropout1d { rate: 0.5 }", "conv1d { filters: 5 kernel_size: 2 }",
                             "lstm { units: 4 return_sequences: true bidirectional: BIDIRECTIONAL_CONCAT }",
                             "gru { units: 4 return_sequences: true }", "layer_normalization { }",
                             "attention { units: 7 }", "dense { units: 3 }", "dropout { rate: 0.5 }"});
  uint64_t hash = 14695981039346656037ull;
  const std::vector<v1::TableSpec> tables = *PlanTables(job, SmallData());
  for (const v1::TableSpec& table : tables) {
    for (const char c : table.SerializeAsString()) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  }
  CHECK(hash == 0xEEA278EAB724B93E);
}

}  // namespace
}  // namespace pumasi
