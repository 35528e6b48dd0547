#include "tools/chaos/job_watch.h"

#include <algorithm>
#include <utility>

#include "common/clock.h"
#include "common/shutdown.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(500);
// Between two answers: as fine as stalls need, and little work for the scheduler.
constexpr absl::Duration kPause = absl::Milliseconds(5);

}  // namespace

JobWatch::JobWatch(SchedulerLink& link, std::string job_id)
    : link_(link), job_id_(std::move(job_id)), thread_([this] { Watch(); }) {}

JobWatch::~JobWatch() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  thread_.join();
}

void JobWatch::Watch() {
  uint64_t seen = 0;
  while (true) {
    // A scheduler that is dead or stopped answers later, or the next time.
    auto status = link_.GetJob(job_id_, seen, kPoll);
    const absl::Duration now = RealClock().Now();
    if (status.ok()) {
      seen = status->change();
      Take(*status, now);
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stop_ || Ended(status_.state())) return;
    }
    if (Shutdown::Install().WaitFor(kPause)) return;
  }
}

void JobWatch::Take(const v1::JobStatus& status, absl::Duration now) {
  std::lock_guard<std::mutex> lock(mutex_);
  status_ = status;
  const double seconds = absl::ToDoubleSeconds(now);
  if (status.progress().version() != last_batch_.version) last_batch_ = {seconds, status.progress().version()};
  // Going back to a checkpoint is part of a stall, an evaluation is not.
  if (status.state() == v1::EVALUATING || status.state() == v1::SAVING || Ended(status.state())) {
    stalls_.Seen(seconds, status.progress().version());
    stalls_.Pause();
  } else if (status.state() == v1::TRAINING) {
    began_ = std::min(began_, now);
    stalls_.Seen(seconds, status.progress().version());
  }
  if (Ended(status.state())) ended_ = std::min(ended_, now);
  changed_.notify_all();
}

v1::JobStatus JobWatch::WaitUntil(absl::Duration deadline, bool for_training) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!Ended(status_.state()) && !(for_training && status_.state() >= v1::TRAINING)) {
    const absl::Duration left = deadline - RealClock().Now();
    if (left <= absl::ZeroDuration()) break;
    changed_.wait_for(lock, absl::ToChronoNanoseconds(left));
  }
  return status_;
}

Stalls JobWatch::stalls() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return stalls_;
}

JobWatch::Point JobWatch::last_batch() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return last_batch_;
}

double JobWatch::seconds() const {
  std::lock_guard<std::mutex> lock(mutex_);
  if (began_ == absl::InfiniteDuration() || ended_ == absl::InfiniteDuration()) return 0;
  return absl::ToDoubleSeconds(ended_ - began_);
}

}  // namespace pumasi
