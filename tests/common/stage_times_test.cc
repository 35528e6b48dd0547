#include "common/stage_times.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "common/trace_buffer.h"
#include "common/waits.h"

namespace pumasi {
namespace {

using Times = google::protobuf::RepeatedPtrField<v1::StageTimes>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

v1::StageTimes Told(int stage, double seconds, uint32_t first, const std::vector<uint64_t>& counts) {
  v1::StageTimes times;
  times.set_stage(static_cast<v1::Stage>(stage));
  times.set_seconds(seconds);
  times.set_first_bucket(first);
  *times.mutable_counts() = {counts.begin(), counts.end()};
  return times;
}

TEST_CASE("A bucket holds what is below its bound, and not below the one before") {
  CHECK(UpperBound(0) == 1e-4);
  CHECK(UpperBound(10) == Approx(0.1024));
  CHECK(UpperBound(kTimeBuckets - 2) > 50);
  CHECK(UpperBound(kTimeBuckets - 1) == kInfinity);
  CHECK(BucketOf(-1) == 0);
  CHECK(BucketOf(0) == 0);
  CHECK(BucketOf(kInfinity) == kTimeBuckets - 1);
  for (uint32_t bucket = 0; bucket + 1 < kTimeBuckets; ++bucket) {
    CHECK(BucketOf(std::nextafter(UpperBound(bucket), 0)) == bucket);
    CHECK(BucketOf(UpperBound(bucket)) == bucket + 1);
  }
}

TEST_CASE("Stages that occurred are told once, from the first bucket to the last") {
  StageSums sums;
  Times told;
  sums.Take(&told);
  CHECK(told.empty());
  sums.Add(v1::STAGE_PULL, absl::Milliseconds(1));    // bucket 4: below 1.6 ms
  sums.Add(v1::STAGE_PULL, absl::Milliseconds(5));    // bucket 6: below 6.4 ms
  sums.Add(v1::STAGE_PULL, absl::Milliseconds(1.5));  // bucket 4
  sums.Add(v1::STAGE_READ, -absl::Seconds(1));        // a clock that went back: no time
  sums.Take(&told);
  REQUIRE(told.size() == 2);
  CHECK(told[0].stage() == v1::STAGE_READ);
  CHECK(told[0].seconds() == 0);
  CHECK(told[1].stage() == v1::STAGE_PULL);
  CHECK(told[1].seconds() == Approx(0.0075));
  CHECK(told[1].first_bucket() == 4);
  CHECK(std::vector<uint64_t>(told[1].counts().begin(), told[1].counts().end()) == std::vector<uint64_t>{2, 0, 1});
  CHECK(CountOf(told[1]) == 3);
  CHECK(QuantileOf(told[1], 0.5) == UpperBound(4));
  CHECK(QuantileOf(told[1], 0.99) == UpperBound(6));
  Times again;
  sums.Take(&again);
  CHECK(again.empty());
}

TEST_CASE("What is told adds up to what was measured") {
  StageSums here, there, all;
  for (int i = 0; i < 60; ++i) {
    const absl::Duration took = absl::Microseconds(std::ldexp(7.0, i / 2));
    (i % 2 == 0 ? here : there).Add(v1::STAGE_PUSH, took);
    all.Add(v1::STAGE_PUSH, took);
  }
  Times parts, expected, sums;
  here.Take(&parts);
  there.Take(&parts);
  StageSums told;
  for (const v1::StageTimes& part : parts) told.Add(part);
  told.Fill(&sums);
  all.Fill(&expected);
  REQUIRE(sums.size() == 1);
  CHECK(sums[0].seconds() == Approx(expected[0].seconds()));
  expected[0].set_seconds(sums[0].seconds());
  CHECK(sums[0].SerializeAsString() == expected[0].SerializeAsString());
}

TEST_CASE("What a stranger tells trips nothing") {
  StageSums sums;
  for (const double seconds : {std::nan(""), -1.0, kInfinity, 1e300}) sums.Add(Told(v1::STAGE_READ, seconds, 0, {1}));
  for (const int stage : {0, -5, 9999, int{v1::Stage_ARRAYSIZE}}) sums.Add(Told(stage, 1, 0, {1}));
  sums.Add(Told(v1::STAGE_PULL, 1, kTimeBuckets - 1, {1, 1, 1}));
  sums.Add(Told(v1::STAGE_PULL, 1, 0xffffffff, {1, 1, 1}));
  sums.Add(Told(v1::STAGE_PULL, 1, 0, std::vector<uint64_t>(1000, 1)));
  Times told;
  sums.Fill(&told);
  REQUIRE(told.size() == 2);
  CHECK(told[0].seconds() == 0);
  CHECK(CountOf(told[0]) == 4);
  CHECK(told[1].seconds() == 3);
  CHECK(CountOf(told[1]) == kTimeBuckets + 1);
  CHECK(QuantileOf(v1::StageTimes(), 0.5) == 0);
  // Of answers, too.
  CHECK(UpperBound(0xffffffff) == kInfinity);
}

TEST_CASE("Waits that make no sense count for nothing") {
  v1::Waits sum, told;
  told.set_lease(std::nan(""));
  told.set_read(-1);
  told.set_pull(2);
  told.set_push(kInfinity);
  AddWaits(told, &sum);
  AddWaits(told, &sum);
  CHECK(SumOf(sum) == 4);
  CHECK(sum.pull() == 4);
}

TEST_CASE("A trace keeps the latest events and counts the others") {
  TraceBuffer buffer(2);
  v1::TimeUse report;
  buffer.Take(absl::Seconds(1), &report);
  CHECK(report.ByteSizeLong() == 0);
  for (uint64_t version = 0; version < 5; ++version) {
    v1::TraceEvent event;
    event.set_version(version);
    buffer.Add(event, absl::Seconds(10), absl::Seconds(version == 4 ? 9 : 12));
  }
  buffer.Take(absl::Seconds(20), &report);
  REQUIRE(report.events_size() == 2);
  CHECK(report.events(0).version() == 3);
  CHECK(report.events(0).begin_micros() == 10000000);
  CHECK(report.events(0).micros() == 2000000);
  CHECK(report.events(1).micros() == 0);
  CHECK(report.events_dropped() == 3);
  CHECK(report.clock_micros() == 20000000);
  CHECK(buffer.empty());
}

}  // namespace
}  // namespace pumasi
