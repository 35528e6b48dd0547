#include "common/clock.h"

#include <algorithm>
#include <chrono>

#include "absl/time/clock.h"

namespace pumasi {
namespace {

class SystemClock : public Clock {
 public:
  absl::Duration Now() const override { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); }
  absl::Time WallNow() const override { return absl::Now(); }
};

}  // namespace

const Clock& RealClock() {
  static const SystemClock* const clock = new SystemClock;
  return *clock;
}

ManualClock::ManualClock(absl::Duration now, absl::Time wall) : now_(now), wall_(wall) {}

absl::Duration ManualClock::Now() const {
  absl::MutexLock lock(&mutex_);
  return now_;
}

absl::Time ManualClock::WallNow() const {
  absl::MutexLock lock(&mutex_);
  return wall_;
}

void ManualClock::Advance(absl::Duration step) {
  absl::MutexLock lock(&mutex_);
  step = std::max(step, absl::ZeroDuration());
  now_ += step;
  wall_ += step;
}

}  // namespace pumasi
