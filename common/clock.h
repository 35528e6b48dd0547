// Time as a parameter: code that needs it takes a Clock, so that tests and simulations decide what time it is.
#ifndef PUMASI_COMMON_CLOCK_H_
#define PUMASI_COMMON_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pumasi {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Time since an arbitrary start; never goes back. What cores and deadlines count in.
  virtual absl::Duration Now() const = 0;

  // The time of day, for people to read. Jumps when somebody sets the machine's clock: never compare it.
  virtual absl::Time WallNow() const = 0;
};

// The machine's clocks. Lives as long as the process.
const Clock& RealClock();

// A clock that stands still until it is told otherwise. Thread-safe.
class ManualClock : public Clock {
 public:
  explicit ManualClock(absl::Duration now = absl::ZeroDuration(), absl::Time wall = absl::UnixEpoch());

  absl::Duration Now() const override;
  absl::Time WallNow() const override;

  // Moves both times; a negative step is taken as none.
  void Advance(absl::Duration step);

 private:
  mutable absl::Mutex mutex_;
  absl::Duration now_ ABSL_GUARDED_BY(mutex_);
  absl::Time wall_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_CLOCK_H_
