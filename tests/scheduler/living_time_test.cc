#include "scheduler/living_time.h"

#include <catch2/catch.hpp>

namespace pumasi {

TEST_CASE("time passes as long as somebody asks for it, and stands still while nobody does") {
  ManualClock clock(absl::Seconds(50));
  LivingTime time(clock, absl::Milliseconds(500));
  const absl::Duration start = time.Now();
  for (int i = 0; i < 10; ++i) {
    clock.Advance(absl::Milliseconds(700));
    time.Now();
  }
  CHECK(time.Now() == start + absl::Seconds(7));
  clock.Advance(absl::Minutes(10));
  CHECK(time.Now() == start + absl::Milliseconds(7500));
  clock.Advance(absl::Seconds(1));
  CHECK(time.Now() == start + absl::Milliseconds(8500));
}

}  // namespace pumasi
