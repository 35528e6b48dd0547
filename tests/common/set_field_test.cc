#include "common/set_field.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/field_rules.h"
#include "common/yaml_message.h"
#include "proto/job.pb.h"

namespace pumasi {
namespace {

v1::Job SomeJob(SourceMap* source = nullptr) {
  v1::Job job;
  REQUIRE(ParseYamlMessage("name: x\ndata: {text: [a, b]}\nmodel:\n  - embedding: {width: 4}\n  - lstm: {units: 3}\n"
                           "optimizer:\n  adam: {beta_1: 0.5}\n",
                           "job.yaml", &job, source)
              .ok());
  return job;
}

std::string ErrorOf(const std::string& path, const std::string& value) {
  v1::Job job = SomeJob();
  return std::string(SetField(&job, path, value, "--set").message());
}

TEST_CASE("a choice is set by name, or with what is in it") {
  v1::Job job;
  REQUIRE(SetField(&job, "consistency", "async", "--set").ok());
  CHECK(job.consistency().has_async());
  REQUIRE(SetField(&job, "consistency", "{bounded: {staleness: 3}}", "--set").ok());
  CHECK(job.consistency().bounded().staleness() == 3);
  REQUIRE(SetField(&job, "consistency.bounded.staleness", "4", "--set").ok());
  CHECK(job.consistency().bounded().staleness() == 4);
  CHECK_FALSE(SetField(&job, "consistency", "quick", "--set").ok());
}

TEST_CASE("fields are set by path, in lists with brackets or dots") {
  v1::Job job = SomeJob();
  CHECK(SetField(&job, "optimizer.adam.learning_rate", "0.01", "--set").ok());
  CHECK(job.optimizer().adam().learning_rate() == 0.01);
  CHECK(job.optimizer().adam().beta_1() == 0.5);
  CHECK(SetField(&job, "model[1].lstm.units", "64", "--set").ok());
  CHECK(job.model(1).lstm().units() == 64);
  CHECK(SetField(&job, "model.1.lstm.units", "65", "--set").ok());
  CHECK(job.model(1).lstm().units() == 65);
  CHECK(SetField(&job, "tokenizer.kind", "keras", "--set").ok());
  CHECK(job.tokenizer().kind() == v1::TOKENIZER_KIND_KERAS);
}

TEST_CASE("text needs no quotes and may have them") {
  v1::Job job = SomeJob();
  CHECK(SetField(&job, "data.train", "[a b]: *.csv", "--set").ok());
  CHECK(job.data().train() == "[a b]: *.csv");
  CHECK(SetField(&job, "data.train", "\"a\\tb\"", "--set").ok());
  CHECK(job.data().train() == "a\tb");
  CHECK(SetField(&job, "data.train", "", "--set").ok());
  CHECK(job.data().has_train());
}

TEST_CASE("another field of a oneof, a list and a message are replaced whole") {
  v1::Job job = SomeJob();
  CHECK(SetField(&job, "optimizer.sgd.learning_rate", "0.5", "--set").ok());
  CHECK(job.optimizer().has_sgd());
  CHECK_FALSE(job.optimizer().has_adam());
  CHECK(SetField(&job, "optimizer", "{adam: {}}", "--set").ok());
  CHECK(job.optimizer().has_adam());
  CHECK_FALSE(job.optimizer().adam().has_beta_1());
  CHECK(SetField(&job, "data.text", "[c]", "--set").ok());
  CHECK(job.data().text_size() == 1);
  CHECK(SetField(&job, "data.text", "d", "--set").ok());
  CHECK(job.data().text(0) == "d");
  CHECK(SetField(&job, "model", "[embedding: {width: 9}]", "--set").ok());
  REQUIRE(job.model_size() == 1);
  CHECK(job.model(0).embedding().width() == 9);
}

TEST_CASE("wrong paths and values are refused with the origin and the nearest name") {
  CHECK(ErrorOf("model[1].lstm.unitz", "1") == "--set: model[1].lstm.unitz: unknown field; did you mean 'units'?");
  CHECK(ErrorOf("model[2].lstm.units", "1") == "--set: model: has no entry '2'; it has 2, counted from 0");
  CHECK(ErrorOf("model.x.lstm.units", "1") == "--set: model: has no entry 'x'; it has 2, counted from 0");
  CHECK(ErrorOf("model[1]", "{}") == "--set: model[1]: name a field of this entry");
  CHECK(ErrorOf("batch.size", "1") == "--set: batch: holds a whole number; nothing is below it");
  CHECK(ErrorOf("batch", "many") == "--set: batch: 'many' is not a whole number");
  CHECK(ErrorOf("", "1").find("--set: unknown field") == 0);
  CHECK(ErrorOf("optimizer", "{adamm: {}}") == "--set:1:2: optimizer.adamm: unknown field; did you mean 'adam'?");
}

TEST_CASE("a set value is blamed on the flag afterwards, not on the file") {
  SourceMap source;
  v1::Job job = SomeJob(&source);
  REQUIRE(SetField(&job, "model[1].lstm.units", "0", "--set model[1].lstm.units=0", &source).ok());
  CHECK(CompleteMessage(&job, source).message() ==
        "--set model[1].lstm.units=0: model[1].lstm.units: 0 is out of bounds; it must be from 1 to 65536");
}

}  // namespace
}  // namespace pumasi
