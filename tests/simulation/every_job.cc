#include "tests/simulation/every_job.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace pumasi::sim {
namespace {

// Calls that may wait at one process: far more than all workers and servers together make, and far fewer than a leak.
constexpr size_t kMostWaiting = 500;

}  // namespace

EveryJob::EveryJob(World& world, const std::vector<Scenario>& scenarios, SimFiles& files) : world_(world) {
  for (const Scenario& scenario : scenarios) {
    references_.push_back(std::make_unique<Reference>(scenario));
    jobs_.push_back(std::make_unique<Invariants>(world, scenario, *references_.back(), files));
  }
}

void EveryJob::Add(const ServerNode* server) {
  for (const auto& job : jobs_) job->Add(server);
}

void EveryJob::SetResume(const std::function<bool(const JobRun& job)>& resume) {
  for (const auto& job : jobs_) job->resume = resume;
}

void EveryJob::ServerChanged(ServerNode& server) {
  if (server.waiting_calls() > kMostWaiting) {
    world_.Fail(absl::StrCat(server.waiting_calls(), " calls wait at ", server.name()));
  }
  if (server.hosting() != nullptr) Of(server.hosting()->assignment().job_id()).ServerChanged(server);
}

void EveryJob::Computes(const Node& worker, const std::string& job_id, uint64_t generation, uint64_t version,
                        PartRange parts, const Parameters& seen) {
  Of(job_id).Computes(worker, generation, version, parts, seen);
}

void EveryJob::Reports(const Node& worker, const std::string& job_id, const v1::UnitDone& done) {
  Of(job_id).Reports(worker, done);
}

void EveryJob::SchedulerChanged(Cluster& cluster) {
  std::vector<int> runs(jobs_.size());
  int running = 0;
  for (const JobRun* job : cluster.jobs()) {
    if (++runs[JobNumberOf(job->id())] > 1) return world_.Fail("one submission has become two jobs");
    running += job->state() != v1::QUEUED && !job->ended();
    Of(job->id()).JobChanged(*job, cluster.durable());
  }
  if (running > 1) world_.Fail(absl::StrCat(running, " jobs run at the same time"));
  for (size_t number = 0; number < jobs_.size(); ++number) {
    if (jobs_[number]->done() && runs[number] == 0) world_.Fail(absl::StrCat("job ", number, " was done, and is gone"));
  }
}

void EveryJob::SchedulerDied() {
  for (const auto& job : jobs_) job->SchedulerDied();
}

void EveryJob::CheckpointCompleted(const std::string& job_id, const std::string& output,
                                   const JobRun::FinishCheckpoint& checkpoint) {
  Of(job_id).CheckpointCompleted(output, checkpoint);
}

bool EveryJob::done() const {
  return std::all_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->done(); });
}

void EveryJob::CheckEnd(SchedulerNode& scheduler) {
  for (const JobRun* job : scheduler.cluster()->jobs()) Of(job->id()).CheckEnd(scheduler, *job);
}

uint64_t EveryJob::checkpoints() const {
  uint64_t sum = 0;
  for (const auto& job : jobs_) sum += job->checkpoints();
  return sum;
}

uint64_t EveryJob::generations() const {
  uint64_t sum = 0;
  for (const auto& job : jobs_) sum += job->generations();
  return sum;
}

}  // namespace pumasi::sim
