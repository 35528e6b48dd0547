#include "common/clock.h"

#include <catch2/catch.hpp>

namespace pumasi {
namespace {

TEST_CASE("a manual clock moves when it is told to, and never back") {
  ManualClock clock(absl::Seconds(5), absl::FromUnixSeconds(100));
  CHECK(clock.Now() == absl::Seconds(5));
  clock.Advance(absl::Milliseconds(1500));
  CHECK(clock.Now() == absl::Milliseconds(6500));
  CHECK(clock.WallNow() == absl::FromUnixSeconds(100) + absl::Milliseconds(1500));
  clock.Advance(absl::Seconds(-1));
  CHECK(clock.Now() == absl::Milliseconds(6500));
}

TEST_CASE("the real clock does not go back") {
  absl::Duration last = RealClock().Now();
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration now = RealClock().Now();
    CHECK(now >= last);
    last = now;
  }
  CHECK(RealClock().WallNow() > absl::FromUnixSeconds(1600000000));
}

}  // namespace
}  // namespace pumasi
