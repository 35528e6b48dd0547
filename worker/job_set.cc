#include "worker/job_set.h"

#include <utility>

#include "common/log.h"

namespace pumasi {

void JobSet::Set(uint64_t incarnation, const std::vector<v1::Assignment>& assignments) {
  std::map<std::string, std::unique_ptr<JobRunner>> before;
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
  for (const auto& [job_id, job] : before) Log(Severity::kInfo, "job dropped", {{"job", job_id}});
}

}  // namespace pumasi
