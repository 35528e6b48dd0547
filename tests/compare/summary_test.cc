#include "tools/compare/summary.h"

#include <catch2/catch.hpp>

#include "tests/compare/some_runs.h"

namespace pumasi {
namespace {

Comparison Of(const std::vector<Run>& runs, const std::string& target = "") {
  auto comparison = CompareRuns(runs, target);
  REQUIRE(comparison.ok());
  return *comparison;
}

TEST_CASE("Medians and ends") {
  CHECK(SpreadOf({3, 1, 2}) == Spread{2, 1, 3, 3});
  CHECK(SpreadOf({4, 1, 2, 10}) == Spread{3, 1, 10, 4});
  CHECK(SpreadOf({5}) == Spread{5, 5, 5, 1});
}

TEST_CASE("Figures of three repetitions, by hand") {
  Run slow = SomeRun("ps", 1, 80), middle = SomeRun("ps", 1, 100), fast = SomeRun("ps", 1, 125);
  fast.bytes_pulled = 60000;
  middle.peak_bytes = {{"scheduler", 9e9}, {"server-0", 1e6}, {"server-1", 2e6}, {"worker-0", 3e6}};
  slow.peak_bytes = fast.peak_bytes = middle.peak_bytes;
  const Comparison comparison = Of({fast, slow, middle});
  const std::vector<Summary> summaries = Summarise(comparison);
  REQUIRE(summaries.size() == 1);
  const Summary& summary = summaries[0];
  CHECK(summary.rows_per_s == Spread{100, 80, 125, 3});
  CHECK(summary.train_seconds == Spread{10, 8, 12.5, 3});
  CHECK(*summary.pulled_a_step == Spread{5000, 5000, 6000, 3});
  CHECK(*summary.pushed_a_step == Spread{2000, 2000, 2000, 3});
  CHECK(summary.worker_bytes->median == 3e6);
  CHECK(summary.server_bytes->median == 2e6);
  CHECK(summary.final_metric->median == 0.75);
  CHECK(summary.final_loss->median == 1.0);
  // The target that was found is the best, which they reach at the end.
  CHECK(*summary.seconds_to_target == Spread{10, 8, 12.5, 3});
  CHECK(summary.samples_to_target->median == 1000);
  CHECK(summary.middle->rows_per_s == 100);
  CHECK(*summary.efficiency == 1.0);
  CHECK(summary.same_parameters);
}

TEST_CASE("What one repetition does not tell is unknown") {
  Run silent = SomeRun("ps", 1, 100);
  silent.steps = 0;
  silent.tests.clear();
  silent.metric = "";
  silent.parameters_sha256 = "other";
  const Comparison comparison = Of({SomeRun("ps", 1, 90), silent});
  const Summary summary = Summarise(comparison)[0];
  CHECK_FALSE(summary.pulled_a_step);
  CHECK_FALSE(summary.final_metric);
  CHECK_FALSE(summary.seconds_to_target);
  CHECK_FALSE(summary.worker_bytes);
  CHECK_FALSE(summary.same_parameters);
  CHECK(summary.shares.empty());
  CHECK(summary.limit.kind == LimitKind::kUnknown);
  // Of two the slower one stands for both.
  CHECK(summary.middle->rows_per_s == 90);
}

TEST_CASE("A target is reached at the first evaluation, or the first point of the curve, that has it") {
  const Run run = SomeRun("ps", 1, 100);
  CHECK(ReachedAt(run, {"accuracy", 0.5, true}) == std::pair(5.0, 500.0));
  CHECK(ReachedAt(run, {"accuracy", 0.6, true}) == std::pair(10.0, 1000.0));
  CHECK_FALSE(ReachedAt(run, {"accuracy", 0.8, true}));
  CHECK(ReachedAt(run, {"loss", 1.5, true}) == std::pair(5.0, 500.0));
  CHECK_FALSE(ReachedAt(run, {"loss", 0.5, true}));
  Run squares = run;
  squares.metric = "rmse";
  CHECK(ReachedAt(squares, {"rmse", 0.6, true}) == std::pair(5.0, 500.0));
}

TEST_CASE("Efficiency is against one worker of the same mode, servers and settings") {
  Run more_servers = SomeRun("ps", 4, 300);
  more_servers.servers = 3;
  const Comparison comparison = Of({SomeRun("ps", 1, 100), SomeRun("ps", 4, 300), SomeRun("allreduce", 4, 200),
                                    SomeRun("hybrid", 1, 50), SomeRun("hybrid", 2, 100), more_servers});
  const std::vector<Summary> summaries = Summarise(comparison);
  CHECK(*summaries[0].efficiency == 1.0);
  CHECK(*summaries[1].efficiency == 0.75);
  CHECK_FALSE(summaries[2].efficiency);
  CHECK(*summaries[4].efficiency == 1.0);
  CHECK_FALSE(summaries[5].efficiency);
}

TEST_CASE("Ranges that do not overlap count as they are likely") {
  CHECK(ChanceApart(1, 1) == 1.0);
  CHECK(ChanceApart(2, 2) == Approx(1.0 / 3));
  CHECK(ChanceApart(3, 3) == Approx(0.1));
  CHECK(ChanceApart(5, 5) == Approx(2.0 / 252));
  CHECK(ChanceApart(1, 3) == Approx(0.5));
  // Three runs each: any gap counts.
  CHECK(Apart({100, 99, 101, 3}, {103, 102, 104, 3}));
  CHECK_FALSE(Apart({100, 99, 102, 3}, {103, 102, 104, 3}));
  // Fewer: only a gap of a tenth.
  CHECK_FALSE(Apart({100, 100, 100, 1}, {109, 109, 109, 1}));
  CHECK(Apart({100, 100, 100, 1}, {111, 111, 111, 1}));
  CHECK_FALSE(Apart({100, 80, 120, 2}, {115, 110, 120, 2}));
}

TEST_CASE("What limits a run") {
  Run run = WithShares(SomeRun("ps", 2, 100), 0.5, 0.125);
  CHECK(FindLimit(run) == Limit{LimitKind::kLink, "workers wait for values"});
  CHECK(FindLimit(WithShares(run, 0.125, 0.5)).kind == LimitKind::kServer);
  run.cores = 4;
  run.cores_used = 3.7;
  CHECK(FindLimit(run) == Limit{LimitKind::kCores, "its processes keep 3.7 of the machine's 4 cores busy"});
  run.cores_used = 3.5;
  CHECK(FindLimit(run).kind == LimitKind::kLink);
  run.bottleneck->node = "worker-1";
  run.bottleneck->sentence = "network: worker-1 is slower than the others, which wait 40 % of their time for it";
  CHECK(FindLimit(run).kind == LimitKind::kStragglers);
  run.bottleneck = FoundBottleneck{"scheduler", 0.5, "worker-1", "scheduler: worker-1 waits"};
  CHECK(FindLimit(run).kind == LimitKind::kParts);
  // A server that is busy stands out, too, and is no straggler.
  run.bottleneck = FoundBottleneck{"server", 0.5, "server-1", "server: server-1 is busy 90 %"};
  CHECK(FindLimit(run).kind == LimitKind::kServer);
  run.bottleneck = FoundBottleneck{"weather", 0.5, "", ""};
  CHECK(FindLimit(run).kind == LimitKind::kUnknown);
}

}  // namespace
}  // namespace pumasi
