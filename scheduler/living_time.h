// Time as the scheduler lives through it: while the process is stopped, or gets no processor, no time passes. Otherwise
// it would find, when it goes on, that nobody has called for longer than a lease, and declare all dead that only waited
// for it.
#ifndef PUMASI_SCHEDULER_LIVING_TIME_H_
#define PUMASI_SCHEDULER_LIVING_TIME_H_

#include <algorithm>

#include "absl/time/time.h"
#include "common/clock.h"

namespace pumasi {

// Not thread-safe. Somebody has to ask for the time at least every `heartbeat`; a gap of four times that is a
// standstill.
class LivingTime {
 public:
  LivingTime(const Clock& clock, absl::Duration heartbeat) : clock_(clock), heartbeat_(heartbeat), last_(clock.Now()) {}

  absl::Duration Now() {
    const absl::Duration real = clock_.Now();
    if (real - last_ > 4 * heartbeat_) stood_still_ += real - last_ - heartbeat_;
    last_ = std::max(last_, real);
    return last_ - stood_still_;
  }

 private:
  const Clock& clock_;
  const absl::Duration heartbeat_;
  absl::Duration last_;
  absl::Duration stood_still_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_LIVING_TIME_H_
