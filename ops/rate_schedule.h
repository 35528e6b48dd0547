// How the learning rate changes with the step (proto/job.proto, Schedule).
#ifndef PUMASI_OPS_RATE_SCHEDULE_H_
#define PUMASI_OPS_RATE_SCHEDULE_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// Changes that are not known beforehand (Schedule.reduce_on_plateau), ascending by step.
using RateChanges = std::vector<v1::RateChange>;

// How the steps of whoever asks, from 1, relate to those of the schedule.
struct ScheduleSteps {
  uint64_t per_batch = 1;  // of them to a batch; the schedule counts batches, and its changes as well
  uint64_t before = 0;     // so many more has the schedule, but not its changes, seen
};

// A schedule made ready. Immutable, hence thread-safe. Factors are made of exactly rounded operations: the same bits on
// every x86-64, and about 1e-14 from the formula.
class RateSchedule {
 public:
  // The factor is always 1.
  RateSchedule() = default;
  // Of a schedule that CheckSchedule accepts, and the changes so far.
  explicit RateSchedule(const v1::Schedule& proto, RateChanges changes = {}, ScheduleSteps steps = {});

  // The factor of step s (from 1). With a warm-up of n steps: s/n up to step n. Then with t = s − 1 − n, so that the
  // first step after the warm-up has t = 0:
  //   step:        factor^⌊t / every⌋
  //   exponential: factor^(t / every)
  //   cosine:      floor + (1 − floor)·(1 + cos(π·min(t, batches) / batches)) / 2
  //   constant, reduce_on_plateau, or none of these: 1
  // all of it times the factor of the last change up to the step.
  double Factor(uint64_t step) const;

  // Whether the factor is 1 whatever changes come. A schedule that may change says no before it did, so that whoever
  // computes differently then does not begin to in the middle of a job.
  bool always_one() const { return kind_ == Kind::kConstant && warmup_ == 0 && !may_change_; }
  // Whether the factor of some step is above that of an earlier one.
  bool rises() const { return warmup_ > 1; }

 private:
  enum class Kind { kConstant, kStep, kExponential, kCosine };
  // Binary digits of t/every's fraction that count.
  static constexpr int kDigits = 53;

  double ScheduledFactor(uint64_t step) const;

  ScheduleSteps steps_;
  Kind kind_ = Kind::kConstant;
  uint64_t warmup_ = 0;
  uint64_t every_ = 1;
  double factor_ = 1;
  double floor_ = 0;
  std::array<double, kDigits> roots_{};  // factor^(1/2), factor^(1/4), …
  bool may_change_ = false;
  RateChanges changes_;
};

// The factor of `step` under a schedule that CheckSchedule accepts.
double RateFactor(const v1::Schedule& schedule, uint64_t step);

// InvalidArgument: what is missing or impossible, by name.
absl::Status CheckSchedule(const v1::Schedule& schedule);

}  // namespace pumasi

#endif  // PUMASI_OPS_RATE_SCHEDULE_H_
