#include "tools/plan/turns.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

namespace pumasi {
namespace {

TEST_CASE("A quarter of the values lies below the lower quartile") {
  CHECK(QuartileOf({7}) == 7);
  CHECK(QuartileOf({4, 3, 2, 1}) == 2);
  CHECK(QuartileOf({8, 1, 7, 2, 6, 3, 5, 4}) == 3);
}

TEST_CASE("Each thread makes its own work, and takes three turns at least, the first of which does not count") {
  std::atomic<int> made = 0, turns = 0, foreign = 0;
  const auto make = [&]() -> Turn {
    ++made;
    return [&, own = std::this_thread::get_id()] {
      foreign += std::this_thread::get_id() != own;
      ++turns;
    };
  };
  CHECK(SecondsATurn(3, 0, make) >= 0);
  CHECK(made == 3);
  CHECK(turns == 9);
  CHECK(foreign == 0);
}

TEST_CASE("Nothing disturbs one thread, and nothing is measured") {
  CHECK(BusyFactor(1, 0, [] { return Turn([] { FAIL("no turn is needed"); }); }) == 1);
  CHECK(BusyFactor(2, 0, [] { return Turn([] {}); }) >= 1);
}

}  // namespace
}  // namespace pumasi
