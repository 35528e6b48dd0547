// Follows a job from a thread of its own, so that whoever disturbs the cluster never waits for an answer of it.
#ifndef PUMASI_TOOLS_CHAOS_JOB_WATCH_H_
#define PUMASI_TOOLS_CHAOS_JOB_WATCH_H_

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "tools/chaos/stalls.h"
#include "tools/cli/scheduler_link.h"

namespace pumasi {

// Thread-safe.
class JobWatch {
 public:
  // `link` is used from the watching thread until the end of this object.
  JobWatch(SchedulerLink& link, std::string job_id);
  ~JobWatch();

  // Waits until the job has ended, or training has begun where `for_training`, or `deadline` (of RealClock). Returns
  // the last status that was seen.
  v1::JobStatus WaitUntil(absl::Duration deadline, bool for_training = false);
  Stalls stalls() const;
  // The last batch that was seen done: how many are done with it, and when that was seen, in seconds of RealClock.
  struct Point {
    double at = 0;
    uint64_t version = 0;
  };
  Point last_batch() const;
  // From the first batch that was seen in training to the end; 0 where either is missing.
  double seconds() const;

 private:
  void Watch();
  void Take(const v1::JobStatus& status, absl::Duration now);

  SchedulerLink& link_;
  const std::string job_id_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  v1::JobStatus status_;
  Stalls stalls_;
  Point last_batch_;
  absl::Duration began_ = absl::InfiniteDuration(), ended_ = absl::InfiniteDuration();
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_JOB_WATCH_H_
