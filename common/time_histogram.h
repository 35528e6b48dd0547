// How often something took how long: a sum, and counts by buckets that are the same everywhere.
#ifndef PUMASI_COMMON_TIME_HISTOGRAM_H_
#define PUMASI_COMMON_TIME_HISTOGRAM_H_

#include <array>
#include <cstdint>

#include "absl/time/time.h"

namespace pumasi {

// Bucket i holds durations below UpperBound(i), and not below that of the bucket before; 20 reach up to 52 s, and the
// last one holds all that is longer.
constexpr uint32_t kTimeBuckets = 21;

// In seconds: 0.1 ms · 2^bucket; infinity for the last bucket.
double UpperBound(uint32_t bucket);
// REQUIRES: seconds is no NaN.
uint32_t BucketOf(double seconds);

// Not thread-safe.
struct TimeHistogram {
  double seconds = 0;
  std::array<uint64_t, kTimeBuckets> counts{};

  // Negative ones count as zero.
  void Add(absl::Duration took);
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_TIME_HISTOGRAM_H_
