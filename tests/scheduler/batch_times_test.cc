#include "scheduler/batch_times.h"

#include <catch2/catch.hpp>

namespace pumasi {

TEST_CASE("quantiles are within 10 % of what a sorted list would say") {
  BatchTimes times;
  absl::Duration now = absl::Seconds(100);
  times.Begin(now);
  for (int i = 1; i <= 1000; ++i) times.Ended(now += absl::Milliseconds(i));
  CHECK(times.count() == 1000);
  for (const double q : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    CAPTURE(q);
    CHECK(absl::ToDoubleMilliseconds(times.Quantile(q)) == Approx(q * 1000).epsilon(0.1));
  }
  CHECK(times.longest() == absl::Seconds(1));
  // Of 1 to 1000 ms in buckets of 0.1 ms · 2^i: 51.2 to 102.4 ms are 51.
  CHECK(times.histogram().counts[10] == 51);
  CHECK(times.histogram().seconds == Approx(500.5));
}

TEST_CASE("a break is not a batch, and without batches all is zero") {
  BatchTimes times;
  CHECK(times.Quantile(0.5) == absl::ZeroDuration());
  times.Ended(absl::Seconds(1));
  CHECK(times.count() == 0);
  times.Begin(absl::Seconds(50));
  times.Ended(absl::Seconds(51));
  times.Ended(absl::Seconds(51));
  CHECK(times.count() == 2);
  CHECK(times.longest() == absl::Seconds(1));
  CHECK(times.Quantile(1) == absl::Seconds(1));
  times.Ended(absl::Hours(100));
  CHECK(times.longest() == absl::Hours(100) - absl::Seconds(51));
}

}  // namespace pumasi
