#include "tools/chaos/goals.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

#include "tools/chaos/slow_worker.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

ChaosOutcome Outcome(uint64_t batches, double seconds) {
  ChaosOutcome outcome;
  outcome.status.set_total_batches(batches);
  outcome.status.set_batches_per_epoch(batches);
  outcome.seconds = seconds;
  return outcome;
}

// The only goal, and there is one.
Goal OnlyGoal(const ChaosOutcome& outcome, const GoalInputs& inputs, double undisturbed = 0) {
  const auto goals = GoalsOf(outcome, FiguresOf(outcome, undisturbed), inputs);
  REQUIRE(goals.size() == 1);
  return goals[0];
}

}  // namespace

TEST_CASE("goodput is the speed of batches that count while faults go on, against that in peace") {
  ChaosOutcome outcome = Outcome(1000, 125);
  CHECK_FALSE(FiguresOf(outcome, 0).goodput.has_value());
  CHECK(FiguresOf(outcome, 100).goodput.value() == Approx(0.8));
  // Faults for 60 s, in which half of the batches were done, and peace afterwards.
  outcome.healed_at = 60;
  outcome.healed_version = 500;
  CHECK(FiguresOf(outcome, 100).goodput.value() == Approx(500 / 60. / 10));
}

TEST_CASE("how much goodput is asked for depends on how often something is killed") {
  ChaosOutcome outcome = Outcome(1000, 110);
  outcome.seen.faults = {{FaultKind::kKill, "worker-0", 1, 2}};
  CHECK(OnlyGoal(outcome, {5, true}, 100).met);
  CHECK_FALSE(OnlyGoal(outcome, {60, true}, 100).met);
  CHECK(GoalsOf(outcome, FiguresOf(outcome, 100), {1, true}).empty());   // no goal says anything
  CHECK(GoalsOf(outcome, FiguresOf(outcome, 100), {5, false}).empty());  // not only kills
}

TEST_CASE("a server's death stalls as long as the longest gap in the seconds after it") {
  ChaosOutcome outcome = Outcome(1000, 100);
  outcome.start = 1000;
  outcome.seen.faults = {{FaultKind::kKill, "server-0", 10, 11}, {FaultKind::kKill, "worker-0", 20, 21}};
  double at = 1000;
  for (uint64_t batch = 0; at < 1030; ++batch) {
    outcome.stalls.Seen(at, batch);
    at += at >= 1010 && at < 1011 ? 2.5 : at >= 1020 && at < 1021 ? 4 : 0.5;
  }
  const ChaosFigures figures = FiguresOf(outcome, 0);
  REQUIRE(figures.server_stalls.size() == 1);
  CHECK(figures.server_stalls[0] == 2.5);
  CHECK(OnlyGoal(outcome, {5, true, 2}).met);
  CHECK(GoalsOf(outcome, figures, {5, true, 1}).empty());  // with one copy it is another matter
}

TEST_CASE("deaths are crashes or silence that was noticed, or false evictions") {
  ChaosOutcome outcome = Outcome(1000, 100);
  outcome.seen.faults = {{FaultKind::kKill, "worker-0", 10, 11},
                         {FaultKind::kStop, "worker-1", 20, 25},
                         {FaultKind::kStop, "worker-1", 40, 41},
                         {FaultKind::kPartial, "worker-0", 60, 65}};
  outcome.deaths = {{"worker-0", 10.5}, {"worker-1", 23}, {"server-0", 50}, {"server-1", 63}};
  ChaosFigures figures = FiguresOf(outcome, 0);
  CHECK(figures.crash_noticed == std::vector<double>{0.5});
  CHECK(figures.silence_noticed == std::vector<double>{3});
  CHECK(figures.false_evictions == 1);  // server-0
  // Nothing is said about times when the scheduler had its own trouble.
  outcome.seen.faults.push_back({FaultKind::kKill, "scheduler", 90, 91});
  figures = FiguresOf(outcome, 0);
  CHECK(figures.crash_noticed.empty());
  CHECK(figures.silence_noticed.empty());
}

TEST_CASE("false evictions are counted where more threads want a core than there are") {
  ChaosOutcome outcome = Outcome(1000, 100);
  GoalInputs inputs;
  inputs.oversubscribe = 2;
  CHECK(OnlyGoal(outcome, inputs).met);
  outcome.deaths = {{"worker-0", 10.5}};
  CHECK_FALSE(OnlyGoal(outcome, inputs).met);
  CHECK(OnlyGoal(outcome, inputs).seen == "1");
}

TEST_CASE("without a scheduler training goes on to the end of the epoch") {
  ChaosOutcome outcome = Outcome(10000, 100);
  outcome.seen.away = {5, 35, 100, 500};
  outcome.batches_alone = 2900;
  CHECK(OnlyGoal(outcome, {}).met);
  CHECK_THAT(OnlyGoal(outcome, {}).seen, Contains("2900 batches") && Contains("29.0 s") && !Contains("left"));
  outcome.batches_alone = 1000;
  CHECK_FALSE(OnlyGoal(outcome, {}).met);
  outcome.seen.away->first_version = 9000;
  CHECK_THAT(OnlyGoal(outcome, {}).seen, Contains("only 1000 left"));
}

TEST_CASE("a restart after which the cluster is not stable is not stable within any time") {
  ChaosOutcome outcome = Outcome(1000, 100);
  outcome.seen.restarts = {3, 4, 9};
  CHECK(OnlyGoal(outcome, {}).met);
  outcome.seen.restarts.push_back(std::numeric_limits<double>::infinity());
  CHECK_FALSE(OnlyGoal(outcome, {}).met);
}

TEST_CASE("a slow worker and fast ones are compared with what each does alone") {
  CHECK(SlowWorkerGoal({90, 10, 85}, 0.1).met);
  CHECK_FALSE(SlowWorkerGoal({90, 10, 84}, 0.1).met);
  CHECK_THAT(GoalLine(SlowWorkerGoal({90, 10, 84}, 0.1)),
             Contains("goal: ") && Contains("84.0 %") && Contains("NOT MET"));
}

}  // namespace pumasi
