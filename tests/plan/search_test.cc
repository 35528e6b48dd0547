#include "tools/plan/search.h"

#include "tests/plan/some_input.h"

namespace pumasi {
namespace {

DistinctIds SomeIds() {
  DistinctIds ids;
  for (uint32_t row = 0; row < 256; ++row) ids.AddRow(std::vector<uint32_t>{1, 2 + row % 7, 100 + row, 1000 + row / 2});
  ids.Finish(12800, 266927);
  return ids;
}

TEST_CASE("The plan is the best of what runs, and fits") {
  const DistinctIds ids = SomeIds();
  const Plan plan = FindPlan(SomeInput(ids, {SomeMachines(4, 4, 10)}), {});
  REQUIRE(plan.best >= 0);
  REQUIRE(plan.modes.size() == PlanModes().size());
  const Prediction& best = plan.modes[static_cast<size_t>(plan.best)];
  CHECK(InfoOf(best.candidate.mode).same_bits);
  CHECK(best.problem.empty());
  CHECK(best.candidate.workers > 1);
  CHECK(best.candidate.workers <= best.candidate.micro_batches);
  REQUIRE_FALSE(plan.by_workers.empty());
  for (const Prediction& one : plan.by_workers) CHECK(one.rows_per_s <= best.rows_per_s / 0.98);
  for (const Change& change : plan.changes) CHECK(change.faster >= 1.05);
}

TEST_CASE("Of configurations that are as good the one with the fewest processes is taken") {
  const DistinctIds ids = SomeIds();
  PlanInput input = SomeInput(ids, {SomeMachines(1, 1, 0)});
  // One core: more of anything gains nothing.
  const Plan plan = FindPlan(input, {});
  REQUIRE(plan.best >= 0);
  const Candidate& best = plan.modes[static_cast<size_t>(plan.best)].candidate;
  CHECK(best.servers == 0);
  CHECK(best.workers == 1);
  // The job's own.
  CHECK(best.micro_batches == 4);
}

TEST_CASE("No plan computes faster than its workers") {
  const DistinctIds ids = SomeIds();
  for (const uint32_t machines : {1, 3, 8, 20}) {
    std::vector<MachineGroup> groups = {SomeMachines(machines, 16, 10), SomeMachines(2, 8, 25),
                                        SomeMachines(4, 16, 10)};
    groups[1].workers = false;
    groups[2].servers = false;
    for (const Prediction& one : FindPlan(SomeInput(ids, groups), {}).by_workers) {
      CHECK(one.rows_per_s < 800.0 * one.candidate.workers);
    }
  }
}

TEST_CASE("What is given is not looked for") {
  const DistinctIds ids = SomeIds();
  Fixed fixed;
  fixed.servers = 3;
  fixed.workers = 5;
  fixed.micro_batches = 8;
  const Plan plan = FindPlan(SomeInput(ids, {SomeMachines(2, 4, 10)}), fixed);
  REQUIRE(plan.best >= 0);
  const Candidate& best = plan.modes[static_cast<size_t>(plan.best)].candidate;
  CHECK(best.servers == 3);
  CHECK(best.workers == 5);
  CHECK(best.micro_batches == 8);
}

TEST_CASE("Parts divide the batch") {
  const DistinctIds ids = SomeIds();
  const Plan plan = FindPlan(SomeInput(ids, {SomeMachines(8, 4, 10)}, "batch: 60"), {});
  for (const Prediction& one : plan.modes) CHECK(60 % one.candidate.micro_batches == 0);
}

TEST_CASE("Where nothing fits nothing is recommended, and each mode says why") {
  const DistinctIds ids = SomeIds();
  PlanInput input = SomeInput(ids, {SomeMachines(2, 4, 10)});
  for (MachineGroup& group : input.groups) group.memory = 1e6;
  const Plan plan = FindPlan(input, {});
  CHECK(plan.best == -1);
  CHECK(plan.other_bits == -1);
  for (const Prediction& one : plan.modes) CHECK(one.problem.find("memory") == 0);
}

TEST_CASE("Thousands of machines are few configurations, and faster links never make the plan slower") {
  const DistinctIds ids = SomeIds();
  const std::string job = "batch: 65536\nslots: 4096";
  double before = 0;
  for (const double gbit : {1, 10, 100}) {
    const Plan plan = FindPlan(SomeInput(ids, {SomeMachines(5000, 32, gbit)}, job), {});
    CHECK(plan.looked_at < 50000);
    REQUIRE(plan.best >= 0);
    const double rate = plan.modes[static_cast<size_t>(plan.best)].rows_per_s;
    // Of configurations within 2 % the smaller one is taken.
    CHECK(rate >= 0.98 * before);
    before = rate;
  }
}

}  // namespace
}  // namespace pumasi
