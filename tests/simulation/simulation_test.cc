// A fixed number of seeds. A failure prints its seed; tools/simulate --seed SEED --trace shows what happened.
#include "tests/simulation/simulation.h"

#include <catch2/catch.hpp>

namespace pumasi::sim {
namespace {

// By count and not by the clock, so that everybody runs the same: about a minute on a slow core.
constexpr uint64_t kSeeds = 500;
constexpr uint64_t kCalmSeeds = 50;

void RunSeeds(uint64_t count, bool faults) {
  for (uint64_t seed = 1; seed <= count; ++seed) {
    const RunResult result = Run({.seed = seed, .faults = faults});
    INFO(result.scenario);
    REQUIRE(result.failure == "");
  }
}

}  // namespace

TEST_CASE("Without any mishap every job comes to the parameters of plain loops") { RunSeeds(kCalmSeeds, false); }

TEST_CASE("Crashes, partitions, loss, replays, freezes, full disks and power loss change neither result nor audit") {
  RunSeeds(kSeeds, true);
}

TEST_CASE("A seed is replayed event by event") {
  for (const uint64_t seed : {3, 16, 40}) {
    const RunResult once = Run({.seed = seed}), again = Run({.seed = seed});
    CHECK(once.events == again.events);
    CHECK(once.virtual_seconds == again.virtual_seconds);
    CHECK(once.faults == again.faults);
  }
}

}  // namespace pumasi::sim
