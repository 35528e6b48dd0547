#include "common/field_rules.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "common/yaml_message.h"
#include "proto/config.pb.h"
#include "proto/job.pb.h"

namespace pumasi {
namespace {

// What the schema offers; the messages list it.
const std::string kLayers =
    "embedding, lstm, dense, gru, dropout, spatial_dropout1d, conv1d, global_max_pooling1d, global_average_pooling1d, "
    "attention, layer_normalization, batch_normalization, flatten, concatenate";

constexpr char kHead[] =
    "name: x\ndata: {text: a}\nmodel:\n  - embedding: {width: 4}\n  - dense: {}\noptimizer: {sgd: {}}\n";

// The error of reading and completing kHead and `rest`.
std::string ErrorOf(const std::string& rest) {
  v1::Job job;
  SourceMap source;
  const absl::Status parsed = ParseYamlMessage(kHead + rest, "job.yaml", &job, &source);
  REQUIRE(parsed.ok());
  return std::string(CompleteMessage(&job, source).message());
}

TEST_CASE("fallbacks fill what is not given, also inside of given messages, and keep what is given") {
  v1::Job job;
  REQUIRE(ParseYamlMessage(std::string(kHead) + "batch: 8", "job.yaml", &job).ok());
  REQUIRE(CompleteMessage(&job).ok());
  CHECK(job.batch() == 8);
  CHECK(job.micro_batches() == 4);
  CHECK(job.loss() == v1::LOSS_CROSS_ENTROPY);
  CHECK(job.optimizer().sgd().learning_rate() == 0.01);
  CHECK(job.data().format() == v1::FORMAT_CSV);
  CHECK(job.model(1).dense().activation() == v1::ACTIVATION_LINEAR);
  CHECK_FALSE(job.model(1).dense().has_units());
  CHECK_FALSE(job.has_tokenizer());
  CHECK_FALSE(job.optimizer().has_adam());
}

TEST_CASE("what is missing is named with its help, at the nearest place that is known") {
  v1::Job job;
  SourceMap source;
  REQUIRE(ParseYamlMessage("name: x\nmodel:\n  - embedding: {}\n", "job.yaml", &job, &source).ok());
  CHECK(CompleteMessage(&job, source).message() == "job.yaml: data: missing: Where the rows come from.");
  job.mutable_data();
  CHECK(CompleteMessage(&job, source).message() == "job.yaml:3:5: model[0].embedding.width: missing: Length of a row.");
  job.mutable_model()->Clear();
  CHECK(CompleteMessage(&job, source).message() ==
        "job.yaml:2:1: model: missing: Layers from the input to the output.");
}

TEST_CASE("values out of bounds are refused with bounds and unit") {
  CHECK(ErrorOf("").empty());
  CHECK(ErrorOf("batch: 0") == "job.yaml:7:8: batch: 0 is out of bounds; it must be from 1 to 1048576 rows");
  CHECK(ErrorOf("stall_timeout: 0.5") ==
        "job.yaml:7:16: stall_timeout: 0.5 is out of bounds; it must be from 1 to 86400 s");
  CHECK(ErrorOf("tokenizer: {vocabulary: 2}") ==
        "job.yaml:7:25: tokenizer.vocabulary: 2 is out of bounds; it must be from 3 to 2000000000 ids");
}

TEST_CASE("a message from the wire is checked as well as one from a file") {
  v1::Job job;
  REQUIRE(ParseYamlMessage(kHead, "job.yaml", &job).ok());
  REQUIRE(CompleteMessage(&job).ok());
  v1::Job changed = job;
  changed.set_name("../x");
  CHECK(CheckRules(changed).message() == "name: '../x' must match the pattern [A-Za-z0-9][A-Za-z0-9_.-]{0,63}");
  changed.set_name(std::string(1000000, 'x'));
  CHECK(CheckRules(changed).message() == "name: longer than 4096 bytes");
  changed = job;
  changed.set_stall_timeout(std::numeric_limits<double>::quiet_NaN());
  CHECK(CheckRules(changed).message() == "stall_timeout: not a finite number");
  changed = job;
  changed.set_mode(static_cast<v1::Mode>(77));
  CHECK(CheckRules(changed).message() == "mode: 77 is not a valid value; it must be one of ps, allreduce, hybrid");
  changed = job;
  changed.set_mode(v1::MODE_UNSPECIFIED);
  CHECK(CheckRules(changed).message() == "mode: 0 is not a valid value; it must be one of ps, allreduce, hybrid");
}

TEST_CASE("in each oneof one field has to be given") {
  v1::Job job;
  SourceMap source;
  REQUIRE(ParseYamlMessage("name: x\ndata: {}\nmodel:\n  - embedding: {width: 1}\n  - {}\noptimizer: {sgd: {}}",
                           "job.yaml", &job, &source)
              .ok());
  CHECK(CompleteMessage(&job, source).message() == "job.yaml:5:5: model[1]: one of " + kLayers + " must be given");
}

TEST_CASE("the fallbacks of all schemas fit their fields and keep their own rules") {
  v1::SchedulerConfig scheduler;
  v1::ServerConfig server;
  v1::WorkerConfig worker;
  v1::ClientConfig client;
  v1::Log log;
  CHECK(CompleteMessage(&scheduler) == absl::OkStatus());
  CHECK(CompleteMessage(&server) == absl::OkStatus());
  CHECK(CompleteMessage(&worker) == absl::OkStatus());
  CHECK(CompleteMessage(&client) == absl::OkStatus());
  CHECK(CompleteMessage(&log) == absl::OkStatus());
  v1::Job job;
  REQUIRE(ParseYamlMessage(std::string(kHead) + "tokenizer: {}\ncheckpoint: {}\n", "job.yaml", &job).ok());
  job.mutable_data()->mutable_synthetic()->set_rows(1);
  job.mutable_data()->mutable_synthetic()->set_vocabulary(2);
  job.mutable_optimizer()->mutable_adam();
  CHECK(CompleteMessage(&job) == absl::OkStatus());
}

}  // namespace
}  // namespace pumasi
