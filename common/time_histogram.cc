#include "common/time_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pumasi {
namespace {

constexpr double kFirstBound = 1e-4;

}  // namespace

double UpperBound(uint32_t bucket) {
  return bucket < kTimeBuckets - 1 ? std::ldexp(kFirstBound, static_cast<int>(bucket))
                                   : std::numeric_limits<double>::infinity();
}

uint32_t BucketOf(double seconds) {
  uint32_t bucket = 0;
  for (double bound = kFirstBound; bucket + 1 < kTimeBuckets && seconds >= bound; bound *= 2) ++bucket;
  return bucket;
}

void TimeHistogram::Add(absl::Duration took) {
  const double lasted = std::max(absl::ToDoubleSeconds(took), 0.0);
  seconds += lasted;
  ++counts[BucketOf(lasted)];
}

}  // namespace pumasi
