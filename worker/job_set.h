// The jobs that this worker takes part in.
#ifndef PUMASI_WORKER_JOB_SET_H_
#define PUMASI_WORKER_JOB_SET_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/metrics/metric_set.h"
#include "worker/job/job_runner.h"

namespace pumasi {

// Thread-safe; Set is called from the node agent's thread, one at a time.
class JobSet {
 public:
  // `scheduler` has to outlive the set.
  JobSet(const JobRunner::Options& options, v1::Scheduler::StubInterface& scheduler)
      : options_(options), scheduler_(scheduler) {}

  // What the worker shall do from now on. Jobs that are not listed are dropped, and all of them under a new
  // incarnation.
  void Set(uint64_t incarnation, const std::vector<v1::Assignment>& assignments);
  // What was done for each job so far, for monitoring.
  void AddMetrics(MetricSet* metrics);

 private:
  const JobRunner::Options options_;
  v1::Scheduler::StubInterface& scheduler_;
  std::mutex mutex_;
  uint64_t incarnation_ = 0;                                // GUARDED_BY(mutex_)
  std::map<std::string, std::unique_ptr<JobRunner>> jobs_;  // GUARDED_BY(mutex_)
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_SET_H_
