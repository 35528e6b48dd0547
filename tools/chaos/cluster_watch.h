// Asks a scheduler again and again, from a thread of its own, so that whoever disturbs the cluster never waits for it.
#ifndef PUMASI_TOOLS_CHAOS_CLUSTER_WATCH_H_
#define PUMASI_TOOLS_CHAOS_CLUSTER_WATCH_H_

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "tools/chaos/cluster_view.h"
#include "tools/cli/scheduler_link.h"

namespace pumasi {

// Thread-safe.
class ClusterWatch {
 public:
  // `link` is used from the watching thread until the end of this object; it had better give up a call soon, within
  // 0.3 s or so. Times in views are seconds since `start` (of RealClock).
  ClusterWatch(SchedulerLink& link, std::string job_id, absl::Duration start);
  ~ClusterWatch();

  // The last one.
  ClusterView view() const;
  std::vector<DeathLog::Death> deaths() const;

 private:
  void Watch();

  SchedulerLink& link_;
  const std::string job_id_;
  const absl::Duration start_;
  mutable std::mutex mutex_;
  ClusterView view_;
  DeathLog deaths_;
  bool stop_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_CLUSTER_WATCH_H_
