#include "tools/compare/run_json.h"

#include <catch2/catch.hpp>

#include "tests/compare/some_runs.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

std::string ErrorOf(const Json& json) {
  const auto run = RunFromJson(json, "some.json");
  REQUIRE_FALSE(run.ok());
  CHECK(run.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(run.status().message());
}

TEST_CASE("A run comes back from its JSON as it was") {
  Run run = WithShares(SomeRun("ps", 2, 500), 0.25, 0.125);
  run.message = "some";
  run.server_busy = 0.5;
  run.peak_bytes = {{"server-0", 1e6}, {"worker-0", 2e6}};
  run.cores_used = 1.5;
  run.cores = 2;
  run.tests[0].loss = std::nullopt;
  auto read = RunFromJson(Json::parse(ToLine(RunJson(run))), "elsewhere");
  REQUIRE(read.ok());
  CHECK(*read == run);
  const Run plain = SomeRun("allreduce", 1, 3);
  read = RunFromJson(RunJson(plain), "elsewhere");
  REQUIRE(read.ok());
  CHECK(*read == plain);
}

TEST_CASE("A result alone gives what it has: points by epochs, shares of all workers by their time") {
  const Json json = Json::parse(R"({"job": "small-1", "state": "done", "mode": "ps", "servers": 2, "workers": 2,
      "samples": 2000, "rows_per_s": 100, "train_s": 20, "bytes_pulled": 7,
      "profile": {"bottleneck": {"kind": "compute", "share": 0.9, "node": null, "sentence": "compute: all"},
                  "workers": [{"node": "a", "seconds": 30, "shares": {"compute": 1, "pull": 0}},
                              {"node": "b", "seconds": 10, "shares": {"compute": 0.5, "pull": 0.5}}],
                  "servers": [{"busy": 0.25}, {"busy": 0.5}]},
      "by_epoch": [{"epoch": 1, "test_accuracy": 0.25},
                   {"epoch": 2, "loss": 2, "accuracy": 0.1, "seconds": 8, "test_accuracy": 0.5},
                   {"epoch": 3, "loss": 1, "accuracy": 0.1, "seconds": 12, "test_accuracy": 0.75}]})");
  const auto run = RunFromJson(json, "some.json");
  REQUIRE(run.ok());
  CHECK(run->source == "some.json");
  CHECK(run->settings.empty());
  CHECK(run->steps == 0);
  CHECK(run->metric == "accuracy");
  CHECK(run->tests == std::vector<TestPoint>{{8, 1000, std::nullopt, 0.5}, {20, 2000, std::nullopt, 0.75}});
  CHECK(run->curve == std::vector<CurvePoint>{{8, 1000, 2}, {20, 2000, 1}});
  CHECK(ShareOf(*run, "compute") == 0.875);
  CHECK(LinkShare(*run) == 0.125);
  CHECK(*run->server_busy == 0.5);
  CHECK(run->bottleneck->sentence == "compute: all");
  CHECK(run->bottleneck->node == "");
  CHECK_FALSE(run->cores_used);
}

TEST_CASE("What is no run, or of the wrong type, is refused by its key") {
  CHECK_THAT(ErrorOf(Json::array()), Contains("some.json: expected an object"));
  CHECK_THAT(ErrorOf(Json::parse("{}")), Contains("rows_per_s") && Contains("train --json"));
  CHECK_THAT(ErrorOf(Json::parse(R"({"result": 3})")), Contains("result: expected an object"));
  CHECK_THAT(ErrorOf(Json::parse(R"({"rows_per_s": "fast"})")), Contains("rows_per_s: expected a number"));
  CHECK_THAT(ErrorOf(Json::parse(R"({"rows_per_s": 1, "mode": []})")), Contains("mode: expected a text"));
  CHECK_THAT(ErrorOf(Json::parse(R"({"rows_per_s": 1, "by_epoch": [1]})")), Contains("by_epoch: expected a list"));
  CHECK_THAT(ErrorOf(Json::parse(R"({"result": {"rows_per_s": 1}, "curve": [[1, 2]]})")), Contains("curve"));
  CHECK_THAT(ErrorOf(Json::parse(R"({"rows_per_s": 1, "profile": {"workers": {}}})")), Contains("workers"));
}

TEST_CASE("Absurd numbers are unknown") {
  const auto run = RunFromJson(Json::parse(R"({"rows_per_s": -5, "servers": 1e300, "train_s": null})"), "x");
  REQUIRE(run.ok());
  CHECK(run->rows_per_s == 0);
  CHECK(run->servers == 1000000000);
  CHECK(run->train_seconds == 0);
}

TEST_CASE("A job's fields by their paths") {
  CHECK(FlattenJson(Json::parse(R"({"a": 1, "m": [{"lstm": {"units": 128}}, {"b": {}}], "t": "x", "n": true})")) ==
        std::map<std::string, std::string>{
            {"a", "1"}, {"m[0].lstm.units", "128"}, {"m[1].b", "{}"}, {"t", "x"}, {"n", "true"}});
  CHECK(FlattenJson(Json::object()).empty());
}

}  // namespace
}  // namespace pumasi
