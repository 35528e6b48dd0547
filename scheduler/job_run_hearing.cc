// JobRun after a restart: workers went on alone, and know what the records do not. Units are leased once each of them
// has told what it did and does, so that nothing is computed once more.
#include <utility>

#include "scheduler/job_run.h"

namespace pumasi {

void JobRun::StartHearing(absl::Duration now) {
  for (const auto& [incarnation, worker] : workers_) {
    if (worker.prepared) to_hear_.insert(incarnation);
  }
  if (!to_hear_.empty()) hearing_until_ = now + kHearing;
}

void JobRun::LookAtHearing(absl::Duration now) {
  if (!hearing() || (!to_hear_.empty() && now < *hearing_until_)) return;
  auto unknown = std::move(unknown_);
  ForgetHearing();
  ++work_change_;
  for (const auto& [worker, done] : unknown) (void)TakeUnit(worker, done, now);
}

void JobRun::ForgetHearing() {
  hearing_until_.reset();
  to_hear_.clear();
  unknown_.clear();
}

}  // namespace pumasi
