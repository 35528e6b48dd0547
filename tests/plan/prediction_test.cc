#include "tools/plan/prediction.h"

#include <random>

#include "tests/plan/some_input.h"

namespace pumasi {
namespace {

// Rows of 50 tokens without any spread; what is distinct comes from SeedDistinct.
DistinctIds FiftyTokens() {
  DistinctIds ids;
  ids.AddRow(std::vector<uint32_t>(50, 1));
  ids.Finish(12800, 266927);
  return ids;
}

// A nanosecond for everything, a millisecond for calls, nothing for the scheduler; cores do not disturb each other.
PlanInput Simple(const DistinctIds& ids, std::vector<MachineGroup> groups, const std::string& more = "") {
  PlanInput input = SomeInput(ids, std::move(groups), more);
  v1::StepCosts costs;
  costs.set_worker_ns_a_byte(1);
  costs.set_server_ns_a_byte(1);
  costs.set_local_worker_ns_a_byte(1);
  costs.set_local_server_ns_a_byte(1);
  costs.set_apply_ns_a_float(1);
  costs.set_call_us(1000);
  costs.set_call_cpu_us(0);
  costs.set_unit_us(0);
  costs.set_own_ns_a_byte(1);
  costs.set_busy_compute(1);
  input.costs = CostsOf(costs);
  return input;
}

double StepMs(const PlanInput& input, const Candidate& candidate) {
  return 1e3 * Predict(input, SeedDistinct, candidate).step_s;
}

// What workers wait for the slowest of so many, as a share of computing: a standard deviation of 4 %, times the mean
// largest of as many normal numbers.
constexpr double kTwo = 0.04 * 0.589, kThree = 0.04 * 0.869;

double CauseMs(const Prediction& prediction, Cause cause) {
  return 1e3 * prediction.causes[static_cast<size_t>(cause)];
}

TEST_CASE("One worker and one server with cores enough: the sum of all") {
  const DistinctIds ids = FiftyTokens();
  const PlanInput input = Simple(ids, {SomeMachines(1, 100, 0)});
  // Compute 80; 4.19 MB each way, a ns a byte at both ends: 8.39 twice; two calls; 1,047,235 floats.
  const Prediction one = Predict(input, SeedDistinct, {PlanMode::kPs, 1, 1, 1});
  CHECK(1e3 * one.step_s == Approx(80 + 2 * 8.39 + 2 + 1.047).epsilon(0.002));
  CHECK(one.rows_per_s == Approx(64 / one.step_s));
  CHECK(one.worker_bytes == Approx(8.39e6).epsilon(0.002));
  CHECK(one.link_bytes == 0);
  CHECK(one.problem.empty());
  CHECK(one.bottleneck() == Cause::kCompute);
  CHECK(CauseMs(one, Cause::kCompute) == Approx(80));
  CHECK(CauseMs(one, Cause::kCalls) == Approx(2));
  CHECK(CauseMs(one, Cause::kCores) == Approx(0).margin(1e-9));
}

TEST_CASE("Between two machines the bytes take the link, each way for itself") {
  const DistinctIds ids = FiftyTokens();
  // 1 Gbit/s: 125 MB/s, 33.5 ms for 4.19 MB.
  const Prediction one = Predict(Simple(ids, {SomeMachines(2, 100, 1)}), SeedDistinct, {PlanMode::kPs, 1, 1, 1});
  CHECK(CauseMs(one, Cause::kLink) == Approx(2 * 33.5).epsilon(0.005));
  CHECK(one.link_bytes == Approx(one.worker_bytes));
  // Two workers pull twice 3.36 MB from one server: its link has all of it. With two servers each has half.
  const PlanInput four = Simple(ids, {SomeMachines(4, 100, 1)});
  CHECK(CauseMs(Predict(four, SeedDistinct, {PlanMode::kPs, 1, 2, 2}), Cause::kLink) ==
        Approx(4 * 3.36e6 / 125e6 * 1e3).epsilon(0.005));
  CHECK(CauseMs(Predict(four, SeedDistinct, {PlanMode::kPs, 2, 2, 2}), Cause::kLink) ==
        Approx(2 * 3.36e6 / 125e6 * 1e3).epsilon(0.005));
}

TEST_CASE("Processes on the same cores wait for them") {
  const DistinctIds ids = FiftyTokens();
  // Two workers on one core: 80 ms of computing between them. Pull and push: all 26.9 ns·MB on that core, and both wait
  // for the calls.
  CHECK(StepMs(Simple(ids, {SomeMachines(1, 1, 0)}), {PlanMode::kPs, 2, 2, 2}) ==
        Approx(80 * (1 + kTwo) + 4 * 6.72 + 2 + 1.047).epsilon(0.005));
  // On two cores pull and push take half of it, and computing 40; applying half of the floats each.
  const Prediction two = Predict(Simple(ids, {SomeMachines(1, 2, 0)}), SeedDistinct, {PlanMode::kPs, 2, 2, 2});
  CHECK(1e3 * two.step_s == Approx(40 * (1 + kTwo) + 2 * 6.72 + 2 + 1.047 / 2).epsilon(0.005));
  CHECK(CauseMs(two, Cause::kCores) > 0);
}

TEST_CASE("A worker reads its own copy, and adds to it, without calls") {
  const DistinctIds ids = FiftyTokens();
  const PlanInput input = Simple(ids, {SomeMachines(1, 100, 0)});
  for (const PlanMode mode : {PlanMode::kSharded, PlanMode::kReplicated}) {
    const Prediction one = Predict(input, SeedDistinct, {mode, 0, 1, 1});
    CHECK(1e3 * one.step_s == Approx(80 + 8.39 + 1.047).epsilon(0.002));
    CHECK(one.worker_bytes == 0);
    CHECK(CauseMs(one, Cause::kCalls) == 0);
  }
  // With hybrid its tensors alone, and rows from the server: 2.31 and 1.88 MB each way.
  CHECK(StepMs(input, {PlanMode::kHybrid, 1, 1, 1}) == Approx(80 + 2 * 2.31 + 4 * 1.88 + 2 + 0.578).epsilon(0.003));
}

TEST_CASE("Copies send each other their gradients") {
  const DistinctIds ids = FiftyTokens();
  const Prediction two =
      Predict(Simple(ids, {SomeMachines(1, 100, 0)}), SeedDistinct, {PlanMode::kReplicated, 0, 2, 2});
  REQUIRE(two.phases.size() == 5);
  CHECK(two.phases[3].name == std::string("reduce"));
  // Sent, and taken in for two thirds of what a byte costs on the average; a call each way.
  CHECK(1e3 * two.phases[3].seconds == Approx(3.36 + 3.36 * 2 / 3 + 2).epsilon(0.003));
  // All of the optimizer at each of them.
  CHECK(CauseMs(two, Cause::kOptimizer) == Approx(1.047).epsilon(0.01));
}

TEST_CASE("Cores that all compute slow each other down, each as far as the others are at it") {
  const DistinctIds ids = FiftyTokens();
  const auto compute = [&](double cores, uint32_t workers) {
    PlanInput input = Simple(ids, {SomeMachines(1, cores, 0)});
    input.costs.busy_compute.value = 1.5;
    return CauseMs(Predict(input, SeedDistinct, {PlanMode::kReplicated, 0, workers, 4}), Cause::kCompute);
  };
  CHECK(compute(4, 1) == Approx(80));
  CHECK(compute(4, 2) == Approx(40 * (1 + 0.5 / 3)));
  CHECK(compute(4, 4) == Approx(20 * 1.5));
  CHECK(compute(2, 4) == Approx(20 * 1.5));
  CHECK(compute(1, 1) == Approx(80));
}

TEST_CASE("On one machine the scheduler takes of the cores, too") {
  const DistinctIds ids = FiftyTokens();
  const auto step = [&](uint32_t machines, double unit) {
    PlanInput input = Simple(ids, {SomeMachines(machines, 1, 0)});
    input.costs.unit.value = unit;
    return StepMs(input, {PlanMode::kReplicated, 0, 2, 2});
  };
  CHECK(step(1, 0.003) - step(1, 0) == Approx(2 * 3));
  CHECK(step(2, 0.003) == step(2, 0));
}

TEST_CASE("Slower machines get fewer parts, and all wait for the slowest") {
  const DistinctIds ids = FiftyTokens();
  PlanInput input = Simple(ids, {SomeMachines(1, 1, 0), SomeMachines(1, 1, 0)});
  input.groups[1].speed = 0.5;
  // Two to one worker by capacity; the slow machine's worker takes 40 ms for one of four parts of 20 ms.
  const Prediction prediction = Predict(input, SeedDistinct, {PlanMode::kSharded, 0, 2, 8});
  // 8 parts of 10 ms: 6 and 3, rounded up; 60 ms each.
  CHECK(CauseMs(prediction, Cause::kCompute) == Approx(60));
}

TEST_CASE("Units beyond the first exchange beside computing") {
  const DistinctIds ids = FiftyTokens();
  const PlanInput input = Simple(ids, {SomeMachines(1, 100, 0)});
  // Three of eight parts are two units. One pull and one push hide behind 30 ms of computing.
  const Prediction three = Predict(input, SeedDistinct, {PlanMode::kPs, 1, 3, 8});
  REQUIRE(three.phases.size() == 4);
  CHECK(1e3 * three.phases[1].seconds == Approx(30 * (1 + kThree)).epsilon(0.001));
  // Not behind a tenth of it.
  PlanInput fast = input;
  fast.compute = ComputeTime::Stated(8000);
  CHECK(1e3 * Predict(fast, SeedDistinct, {PlanMode::kPs, 1, 3, 8}).phases[1].seconds > 3.1);
}

TEST_CASE("The scheduler's time for units is a floor") {
  const DistinctIds ids = FiftyTokens();
  PlanInput input = Simple(ids, {SomeMachines(1000, 4, 0)}, "batch: 1024");
  CHECK(Predict(input, SeedDistinct, {PlanMode::kPs, 64, 512, 512}).bottleneck() != Cause::kScheduler);
  input.costs.unit.value = 0.001;
  const Prediction slow = Predict(input, SeedDistinct, {PlanMode::kPs, 64, 512, 512});
  CHECK(slow.step_s == Approx(0.512));
  CHECK(slow.bottleneck() == Cause::kScheduler);
}

TEST_CASE("The more workers, the longer the longest of uneven rows") {
  DistinctIds ids;
  for (uint32_t tokens = 10; tokens < 90; ++tokens) ids.AddRow(std::vector<uint32_t>(tokens, 1));
  ids.Finish(12800, 266927);
  const PlanInput input = Simple(ids, {SomeMachines(64, 4, 0)});
  double share = 0;
  for (const uint32_t workers : {1, 2, 8, 32}) {
    const Prediction one = Predict(input, SeedDistinct, {PlanMode::kPs, 1, workers, 64});
    const double now = CauseMs(one, Cause::kUneven) / CauseMs(one, Cause::kCompute);
    CHECK((workers == 1 ? now == 0 : now > share));
    share = now;
  }
  CHECK(share < 1);
}

TEST_CASE("What does not fit says so") {
  const DistinctIds ids = FiftyTokens();
  PlanInput input = Simple(ids, {SomeMachines(1, 4, 0)});
  input.groups[0].memory = 0.2 * (1 << 30);
  CHECK(Predict(input, SeedDistinct, {PlanMode::kPs, 1, 1, 1}).problem.find("memory: ") == 0);
  CHECK(Predict(Simple(ids, {SomeMachines(1, 4, 0)}, "replicas: 2"), SeedDistinct, {PlanMode::kPs, 1, 1, 1})
            .problem.find("replicas: 2 need") == 0);
  input.groups[0].servers = false;
  CHECK_FALSE(Predict(input, SeedDistinct, {PlanMode::kPs, 1, 1, 1}).problem.empty());
}

TEST_CASE("Nothing gets slower by faster links, faster cores, more cores or cheaper calls") {
  const DistinctIds ids = FiftyTokens();
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](uint32_t most) { return 1 + static_cast<uint32_t>(random() % most); };
  for (int i = 0; i < 300; ++i) {
    PlanInput input =
        SomeInput(ids, {SomeMachines(pick(20), pick(16), pick(25)), SomeMachines(pick(5), pick(8), 0.1 * pick(9))});
    const PlanMode mode = PlanModes()[random() % PlanModes().size()].mode;
    const uint32_t parts = 1u << random() % 7;
    const Candidate candidate{mode, pick(30), pick(parts), parts};
    const double before = Predict(input, SeedDistinct, candidate).step_s;
    INFO(InfoOf(mode).name << " " << candidate.servers << ":" << candidate.workers << ":" << parts);
    PlanInput links = input, cores = input, calls = input, compute = input;
    for (MachineGroup& group : links.groups) group.link *= 2;
    for (MachineGroup& group : cores.groups) group.speed *= 2;
    calls.costs.call.value /= 2;
    calls.costs.call_cpu.value /= 2;
    calls.costs.server_byte.value /= 2;
    compute.compute = ComputeTime::Stated(1600);
    for (const PlanInput& better : {links, cores, calls, compute}) {
      CHECK(Predict(better, SeedDistinct, candidate).step_s <= before * (1 + 1e-12));
    }
    double sum = 0;
    const Prediction again = Predict(input, SeedDistinct, candidate);
    for (const double seconds : again.causes) {
      CHECK(seconds >= 0);
      sum += seconds;
    }
    CHECK(sum == Approx(again.step_s));
  }
}

}  // namespace
}  // namespace pumasi
