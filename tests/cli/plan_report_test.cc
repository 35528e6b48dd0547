#include "tools/cli/plan_report.h"

#include "tests/plan/some_input.h"

namespace pumasi {
namespace {

DistinctIds SomeIds() {
  DistinctIds ids;
  for (uint32_t row = 0; row < 256; ++row) ids.AddRow(std::vector<uint32_t>{1, 2 + row % 7, 100 + row});
  ids.Finish(12800, 266927);
  return ids;
}

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("A plan says what to run, what holds it up, and where its figures are from") {
  const DistinctIds ids = SomeIds();
  PlanInput input = SomeInput(ids, {SomeMachines(4, 4, 10)});
  v1::StepCosts stated;
  stated.set_call_us(250);
  input.costs = CostsOf(stated);
  input.costs.apply_float = {1e-9, Origin::kMeasured};
  const Plan plan = FindPlan(input, {});
  const std::string text = PlanText(input, plan, "pumasi train job.yaml");
  INFO(text);
  CHECK(Has(text, "seed80m: 80,656,435 parameters, 80,078,100 of them in 266,927 rows of 300"));
  CHECK(Has(text, "machines: 4 with 4 cores, 64.0 GiB, 10 Gbit/s\n"));
  CHECK(Has(text, "from 256 of 12,800 rows, the last one extrapolated\n"));
  CHECK(Has(text, "recommended: mode ps, "));
  CHECK(Has(text, "  pumasi train job.yaml --servers "));
  CHECK(Has(text, "bottleneck: "));
  CHECK(Has(text, "a worker computes                      stated: 800 rows/s\n"));
  CHECK(Has(text, "a float that the optimizer changes     measured here: 1 ns\n"));
  CHECK(Has(text, "a call and its answer                  stated: 250 us\n"));
  CHECK(Has(text, "a unit at the scheduler                default: "));
  // Modes with other last bits are marked, and said to be.
  CHECK(Has(text, "allreduce, ring *"));
  CHECK(Has(text, "* a forecast from its bytes alone"));
  CHECK_FALSE(Has(text, "ps *"));
  CHECK_FALSE(Has(PlanText(input, plan, ""), "pumasi train"));
}

TEST_CASE("The command that is recommended trains in the mode that is meant") {
  const DistinctIds ids = SomeIds();
  const PlanInput input = SomeInput(ids, {SomeMachines(4, 4, 10)});
  Plan plan = FindPlan(input, {});
  const auto command = [&](PlanMode mode) {
    plan.best = static_cast<int>(mode);
    REQUIRE(plan.modes[static_cast<size_t>(plan.best)].candidate.mode == mode);
    return PlanText(input, plan, "pumasi train job.yaml");
  };
  CHECK(Has(command(PlanMode::kPs), " --set mode=ps --set micro_batches="));
  CHECK(Has(command(PlanMode::kSharded), " --set mode=allreduce --set allreduce.state=sharded --set micro_batches="));
  CHECK(Has(command(PlanMode::kReplicated), " --set mode=allreduce --set allreduce.state=replicated --set micro_"));
  CHECK(Has(command(PlanMode::kHybrid), " --set mode=hybrid --set micro_batches="));
  CHECK(Has(command(PlanMode::kHybrid), " --servers "));
  CHECK_FALSE(Has(command(PlanMode::kReplicated), " --servers "));
}

TEST_CASE("A mode that the job does not go with is not recommended, and says why") {
  const DistinctIds ids = SomeIds();
  PlanInput input = SomeInput(ids, {SomeMachines(4, 4, 10)});
  const Plan before = FindPlan(input, {});
  const PlanMode best = before.modes[static_cast<size_t>(before.best)].candidate.mode;
  input.refused[best] = "job.yaml:3:1: no";
  const Plan plan = FindPlan(input, {});
  REQUIRE(plan.best >= 0);
  CHECK(plan.best != before.best);
  CHECK(plan.modes[static_cast<size_t>(best)].problem == "job.yaml:3:1: no");
}

TEST_CASE("Where nothing fits a plan says so") {
  const DistinctIds ids = SomeIds();
  PlanInput input = SomeInput(ids, {SomeMachines(4, 4, 10)});
  input.groups[0].memory = 1e6;
  const Plan plan = FindPlan(input, {});
  CHECK(Has(PlanText(input, plan, "pumasi train job.yaml"), "recommended: nothing; no configuration fits"));
  const Json json = PlanJson(input, plan);
  CHECK(json["best"].is_null());
  CHECK(Has(json["modes"][0]["problem"], "memory: "));
}

TEST_CASE("JSON has what the text has") {
  const DistinctIds ids = SomeIds();
  const PlanInput input = SomeInput(ids, {SomeMachines(4, 4, 10)});
  const Plan plan = FindPlan(input, {});
  const Json json = PlanJson(input, plan);
  const Prediction& best = plan.modes[static_cast<size_t>(plan.best)];
  CHECK(json["job"] == "seed80m");
  CHECK(json["best"]["mode"] == InfoOf(best.candidate.mode).name);
  CHECK(json["best"]["workers"] == best.candidate.workers);
  CHECK(json["best"]["rows_per_s"] == best.rows_per_s);
  CHECK(json["best"]["problem"].is_null());
  CHECK(json["modes"].size() == PlanModes().size());
  CHECK(json["modes"][3]["same_bits"] == false);
  double sum = 0;
  for (const auto& [cause, seconds] : json["best"]["causes_s"].items()) sum += seconds.get<double>();
  CHECK(sum == Approx(best.step_s));
  CHECK(json["figures"]["call_us"]["origin"] == "default");
  CHECK(json["figures"]["compute"]["origin"] == "stated");
}

}  // namespace
}  // namespace pumasi
