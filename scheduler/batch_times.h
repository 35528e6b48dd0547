// How long batches take, from the end of one to the end of the next: what stalls there were shows in the upper
// quantiles.
#ifndef PUMASI_SCHEDULER_BATCH_TIMES_H_
#define PUMASI_SCHEDULER_BATCH_TIMES_H_

#include <array>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "common/time_histogram.h"

namespace pumasi {

// Not thread-safe.
class BatchTimes {
 public:
  // Training begins, or goes on after a break: what follows is not measured from the batch before.
  void Begin(absl::Duration now) { last_ = now; }
  void Ended(absl::Duration now);

  // The time that a share `q` of the batches took at most, to within 10 % of itself; zero if there were none.
  absl::Duration Quantile(double q) const;
  absl::Duration longest() const { return longest_; }
  uint64_t count() const { return count_; }
  // The same times, in coarser buckets.
  const TimeHistogram& histogram() const { return histogram_; }

 private:
  // Bucket i holds times below 1 µs · 1.1^i, and not below that of the one before; 250 reach beyond 6 hours.
  static constexpr size_t kBuckets = 250;
  static constexpr double kGrowth = 1.1;

  std::optional<absl::Duration> last_;
  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
  absl::Duration longest_;
  TimeHistogram histogram_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_BATCH_TIMES_H_
