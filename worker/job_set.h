// The jobs that this worker takes part in.
#ifndef PUMASI_WORKER_JOB_SET_H_
#define PUMASI_WORKER_JOB_SET_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "worker/job/job_runner.h"

namespace pumasi {

// Not thread-safe: called from the node agent's thread.
class JobSet {
 public:
  // `scheduler` has to outlive the set.
  JobSet(const JobRunner::Options& options, v1::Scheduler::StubInterface& scheduler)
      : options_(options), scheduler_(scheduler) {}

  // What the worker shall do from now on. Jobs that are not listed are dropped, and all of them under a new
  // incarnation.
  void Set(uint64_t incarnation, const std::vector<v1::Assignment>& assignments);

 private:
  const JobRunner::Options options_;
  v1::Scheduler::StubInterface& scheduler_;
  uint64_t incarnation_ = 0;
  std::map<std::string, std::unique_ptr<JobRunner>> jobs_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_SET_H_
