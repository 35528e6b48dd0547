#include "scheduler/batch_times.h"

#include <algorithm>
#include <cmath>

namespace pumasi {

void BatchTimes::Ended(absl::Duration now) {
  if (last_) {
    const absl::Duration took = now - *last_;
    const double micros = std::max(absl::ToDoubleMicroseconds(took), 1.0);
    const auto bucket = static_cast<size_t>(std::log(micros) / std::log(kGrowth)) + 1;
    ++buckets_[std::min(bucket, kBuckets - 1)];
    ++count_;
    longest_ = std::max(longest_, took);
    histogram_.Add(took);
  }
  last_ = now;
}

absl::Duration BatchTimes::Quantile(double q) const {
  if (count_ == 0) return absl::ZeroDuration();
  const double wanted = q * static_cast<double>(count_);
  uint64_t below = 0;
  size_t bucket = 0;
  while (bucket + 1 < kBuckets && static_cast<double>(below += buckets_[bucket]) < wanted) ++bucket;
  return std::min(longest_, absl::Microseconds(std::pow(kGrowth, static_cast<double>(bucket))));
}

}  // namespace pumasi
