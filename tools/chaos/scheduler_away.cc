#include "tools/chaos/scheduler_away.h"

#include <signal.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/clock.h"

namespace pumasi {
namespace {

constexpr double kMeasure = 3;  // seconds
constexpr absl::Duration kEndWithin = absl::Seconds(10);

}  // namespace

absl::Status SchedulerAway::Start(double now) {
  stage_.say(absl::StrFormat("%8.3f s  scheduler is started again", now));
  seen_.away->until = now;
  phase_ = Phase::kReturns;
  timer_.Begin(now);
  return stage_.cluster.Restart("scheduler");
}

absl::Status SchedulerAway::Step(double now, const ClusterView& view) {
  const uint64_t version = view.job.progress().version();
  switch (phase_) {
    case Phase::kMeasures: {
      if (view.asked < 0 || view.job.state() != v1::TRAINING) return absl::OkStatus();
      if (first_at_ < 0 || version == 0) {
        first_at_ = view.answered;
        first_version_ = version;
      }
      const double measured = view.answered - first_at_;
      if (measured < kMeasure) return absl::OkStatus();
      seen_.away = {now, 0, static_cast<double>(version - first_version_) / measured, version};
      phase_ = Phase::kAway;
      stage_.say(absl::StrFormat("%8.3f s  kill scheduler, for %g s", now, seconds_));
      ChildProcess* scheduler = stage_.cluster.Find("scheduler");
      scheduler->Signal(SIGKILL);
      if (!scheduler->WaitUntil(RealClock().Now() + kEndWithin)) {
        return absl::DeadlineExceededError("the scheduler was killed and does not end");
      }
      return absl::OkStatus();
    }
    case Phase::kAway:
      return now - seen_.away->from >= seconds_ ? Start(now) : absl::OkStatus();
    case Phase::kReturns:
      if (auto seconds = timer_.Saw(view)) {
        seen_.scheduler_returns.push_back(*seconds);
        phase_ = Phase::kOver;
      }
      return absl::OkStatus();
    case Phase::kOver:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

double SchedulerAway::Next() const {
  return phase_ == Phase::kAway ? seen_.away->from + seconds_ : std::numeric_limits<double>::infinity();
}

absl::Status SchedulerAway::Heal(double now) {
  if (phase_ == Phase::kAway) return Start(now);
  if (phase_ == Phase::kMeasures) phase_ = Phase::kOver;
  return absl::OkStatus();
}

}  // namespace pumasi
