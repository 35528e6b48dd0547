#include "worker/job_set.h"

#include <utility>

#include "common/log.h"

namespace pumasi {

void JobSet::Set(uint64_t incarnation, const std::vector<v1::Assignment>& assignments) {
  // Jobs are destroyed without the lock: that waits for their threads.
  std::map<std::string, std::unique_ptr<JobRunner>> before;
  std::unique_lock lock(mutex_);
  before.swap(jobs_);
  for (const v1::Assignment& assignment : assignments) {
    const auto known = before.find(assignment.job_id());
    if (known != before.end() && incarnation == incarnation_) {
      known->second->Update(assignment);
      jobs_.insert(before.extract(known));
      continue;
    }
    JobRunner::Options options = options_;
    options.incarnation = incarnation;
    jobs_[assignment.job_id()] = std::make_unique<JobRunner>(options, assignment, scheduler_);
    Log(Severity::kInfo, "job taken up", {{"job", assignment.job_id()}});
  }
  incarnation_ = incarnation;
  lock.unlock();
  for (const auto& [job_id, job] : before) Log(Severity::kInfo, "job dropped", {{"job", job_id}});
}

void JobSet::AddMetrics(MetricSet* metrics) {
  std::lock_guard lock(mutex_);
  for (const auto& [job_id, job] : jobs_) job->AddMetrics(metrics);
}

}  // namespace pumasi
