// What the simulator is worth: well-known mistakes, planted one at a time, each of which it has to notice.
#include "tests/simulation/planted_bugs.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

#include "tests/simulation/simulation.h"

namespace pumasi::sim {

TEST_CASE("Each planted bug is caught within its number of seeds") {
  for (const BugBudget& budget : kBugBudgets) {
    const std::string name(PlantedBugName(budget.bug));
    CAPTURE(name, budget.seeds);
    uint64_t seed = 1;
    std::string failure;
    for (; seed <= budget.seeds && failure.empty(); ++seed) {
      failure = Run({.seed = seed, .bug = budget.bug}).failure;
      // A seed that fails anyhow says nothing about the bug.
      if (!failure.empty() && !Run({.seed = seed}).failure.empty()) failure.clear();
    }
    if (!failure.empty())
      std::printf("%-26s %4d of %4d seeds: %s\n", name.c_str(), static_cast<int>(seed - 1),
                  static_cast<int>(budget.seeds), failure.substr(0, 160).c_str());
    CHECK_FALSE(failure.empty());
  }
}

TEST_CASE("At least twenty mistakes are planted and caught") { CHECK(std::size(kBugBudgets) >= 20); }

}  // namespace pumasi::sim
