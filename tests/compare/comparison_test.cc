#include "tools/compare/comparison.h"

#include <catch2/catch.hpp>

#include "tests/compare/some_runs.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

Comparison Of(const std::vector<Run>& runs, const std::string& target = "") {
  auto comparison = CompareRuns(runs, target);
  INFO(comparison.status().ToString());
  REQUIRE(comparison.ok());
  return *comparison;
}

std::string ErrorOf(const std::vector<Run>& runs, const std::string& target = "") {
  const auto comparison = CompareRuns(runs, target);
  REQUIRE_FALSE(comparison.ok());
  CHECK(comparison.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(comparison.status().message());
}

Run With(Run run, const std::string& key, const std::string& value) {
  run.settings[key] = value;
  return run;
}

TEST_CASE("Runs that differ in nothing are repetitions; labels say what differs") {
  const Run a = SomeRun("ps", 1, 100), b = With(SomeRun("ps", 1, 110), "wire", "WIRE_BF16");
  const Comparison comparison = Of({With(a, "wire", "WIRE_FLOAT32"), b, b, With(a, "wire", "WIRE_FLOAT32")});
  CHECK(comparison.title == "small");
  REQUIRE(comparison.configurations.size() == 2);
  CHECK(comparison.configurations[0].label == "ps, 1 worker, wire=float32");
  CHECK(comparison.configurations[1].label == "ps, 1 worker, wire=bf16");
  CHECK(comparison.configurations[0].runs.size() == 2);
  CHECK(comparison.configurations[0].settings == std::map<std::string, std::string>{{"wire", "WIRE_FLOAT32"}});
  CHECK(comparison.warnings.empty());
}

TEST_CASE("The name of the job is none of its settings, a field that only one has is") {
  const Comparison comparison = Of(
      {With(SomeRun("ps", 2, 100), "name", "other"), SomeRun("ps", 2, 100), With(SomeRun("ps", 2, 90), "clip", "1")});
  REQUIRE(comparison.configurations.size() == 2);
  CHECK(comparison.configurations[0].label == "ps, 2 workers");
  CHECK(comparison.configurations[1].label == "ps, 2 workers, clip=1");
}

TEST_CASE("Which of several kinds a setting has tells runs apart, where the kinds themselves have no settings") {
  const Run run = SomeRun("ps", 1, 100), sync = With(run, "consistency.sync", "{}"),
            async = With(run, "consistency.async", "{}"), bounded = With(run, "consistency.bounded.staleness", "3");
  const Comparison comparison = Of({sync, async, bounded, sync});
  REQUIRE(comparison.configurations.size() == 3);
  CHECK(comparison.configurations[0].label == "ps, 1 worker, consistency.sync");
  CHECK(comparison.configurations[0].runs.size() == 2);
  CHECK(comparison.configurations[1].label == "ps, 1 worker, consistency.async");
  CHECK(comparison.configurations[2].label == "ps, 1 worker, consistency.bounded.staleness=3");
}

TEST_CASE("Replicated goes by the name that --modes has for it") {
  // A run that failed before it said anything is told by what it was to be.
  Run failed = With(SomeRun("replicated", 2, 100), "allreduce.state", "ALLREDUCE_STATE_REPLICATED");
  failed.state = "failed";
  const Comparison comparison =
      Of({SomeRun("allreduce", 2, 100), With(SomeRun("allreduce", 2, 90), "allreduce.state", "ALLREDUCE_STATE_SHARDED"),
          With(SomeRun("allreduce", 2, 80), "allreduce.state", "ALLREDUCE_STATE_REPLICATED"), failed});
  REQUIRE(comparison.configurations.size() == 2);
  CHECK(comparison.configurations[0].label == "allreduce, 2 workers");
  CHECK(comparison.configurations[0].runs.size() == 2);
  CHECK(comparison.configurations[1].label == "replicated, 2 workers");
  CHECK(comparison.configurations[1].mode == "replicated");
  CHECK(comparison.configurations[1].runs.size() == 1);
  CHECK_FALSE(comparison.configurations[1].failure.empty());
}

TEST_CASE("So do rings") {
  const Run ring = With(With(SomeRun("allreduce", 2, 100), "allreduce.state", "ALLREDUCE_STATE_REPLICATED"),
                        "allreduce.reduction", "ALLREDUCE_REDUCTION_RING");
  const Comparison comparison = Of({ring, With(ring, "allreduce.rows", "ALLREDUCE_ROWS_DENSE")});
  REQUIRE(comparison.configurations.size() == 2);
  CHECK(comparison.configurations[0].label == "ring, 2 workers");
  CHECK(comparison.configurations[1].label == "ring_dense, 2 workers");
}

TEST_CASE("A target that no run could measure is refused before there are runs") {
  for (const char* good : {"accuracy=0.8", "loss=1", "rmse=0.5", "exact_match=1e-1"}) CHECK(CheckTarget(good).ok());
  for (const char* bad : {"", "accuracy", "accuracy=", "accuracy=good", "accuracy=nan", "speed=3", "=3"}) {
    CAPTURE(bad);
    CHECK(CheckTarget(bad).code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("Modes, workers and servers make configurations") {
  Run other = SomeRun("ps", 1, 100);
  other.servers = 3;
  const Comparison comparison = Of({SomeRun("ps", 1, 1), SomeRun("allreduce", 1, 1), SomeRun("ps", 2, 1), other});
  REQUIRE(comparison.configurations.size() == 4);
  CHECK(comparison.configurations[0].label == "ps, 1 worker, 2 servers");
  CHECK(comparison.configurations[1].label == "allreduce, 1 worker, 2 servers");
  CHECK(comparison.configurations[3].label == "ps, 1 worker, 3 servers");
}

TEST_CASE("Runs that do not tell their job are configurations of their own") {
  Run a = SomeRun("ps", 1, 100), b = a;
  a.settings.clear();
  b.settings.clear();
  a.source = "first.json";
  b.source = "some/second.json/";
  const Comparison comparison = Of({a, b});
  REQUIRE(comparison.configurations.size() == 2);
  CHECK(comparison.configurations[0].label == "ps, 1 worker, first.json");
  CHECK(comparison.configurations[1].label == "ps, 1 worker, second.json");
  REQUIRE(comparison.warnings.size() == 1);
  CHECK_THAT(comparison.warnings[0], Contains("first.json, some/second.json/"));
}

TEST_CASE("Unequal work is told") {
  Run more = SomeRun("ps", 2, 100);
  more.samples = 2000;
  const Comparison comparison =
      Of({SomeRun("ps", 1, 100), more, With(With(SomeRun("ps", 1, 9), "seed", "2"), "data.train", "x.csv")});
  REQUIRE(comparison.warnings.size() == 3);
  CHECK_THAT(comparison.warnings[0], Contains("1,000, 2,000 samples"));
  CHECK_THAT(comparison.warnings[1], Contains("seeds") && Contains("1, 2"));
  CHECK_THAT(comparison.warnings[2], Contains("data differ"));
}

TEST_CASE("A run that failed is told and does not count") {
  Run failed = SomeRun("ps", 2, 100);
  failed.state = "failed";
  failed.message = "disk full";
  const Comparison comparison = Of({SomeRun("ps", 1, 100), failed, SomeRun("ps", 2, 100)});
  REQUIRE(comparison.configurations.size() == 2);
  CHECK(comparison.configurations[1].failure == "failed: disk full");
  CHECK(comparison.configurations[1].runs.size() == 1);
  CHECK_THAT(ErrorOf({failed}), Contains("no run ended well") && Contains("disk full"));
  CHECK_THAT(ErrorOf({}), Contains("no run ended well"));
}

TEST_CASE("The target is stated, or the best that all reach") {
  Run worse = SomeRun("ps", 2, 100);
  worse.tests = {{1, 500, 1.0, 0.7}, {2, 1000, 1.0, 0.625}};
  CHECK(Of({SomeRun("ps", 1, 100), worse}).target->value == 0.7);
  CHECK(Of({SomeRun("ps", 1, 100), worse}).target->metric == "accuracy");
  CHECK_FALSE(Of({worse}).target->stated);
  const Comparison stated = Of({worse}, "accuracy=0.5");
  CHECK(stated.target->stated);
  CHECK(stated.target->value == 0.5);
  CHECK(Of({worse}, "loss=1.25").target->metric == "loss");
  CHECK_THAT(ErrorOf({worse}, "rmse=1"), Contains("accuracy") && Contains("loss"));
  CHECK_THAT(ErrorOf({worse}, "accuracy"), Contains("accuracy=0.8"));
  CHECK_THAT(ErrorOf({worse}, "accuracy=high"), Contains("accuracy=0.8"));
}

TEST_CASE("Without tests the target is a loss; without either there is none") {
  Run a = SomeRun("ps", 1, 100), b = SomeRun("ps", 2, 100);
  a.tests.clear(), b.tests.clear();
  a.metric = b.metric = "";
  b.curve = {{1, 100, 1.75}, {2, 200, 1.25}};
  CHECK(Of({a, b}).target->metric == "loss");
  CHECK(Of({a, b}).target->value == 1.25);
  a.curve.clear(), b.curve.clear();
  CHECK_FALSE(Of({a, b}).target);
}

TEST_CASE("Lower is better with rmse; different measures cannot be compared") {
  Run a = SomeRun("ps", 1, 100), b = SomeRun("ps", 2, 100);
  a.metric = b.metric = "rmse";
  b.tests = {{1, 500, 1.0, 0.25}};
  CHECK(Of({a, b}).target->value == 0.5);
  CHECK_THAT(ErrorOf({a, SomeRun("ps", 1, 1)}), Contains("rmse") && Contains("accuracy"));
}

}  // namespace
}  // namespace pumasi
