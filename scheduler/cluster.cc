#include "scheduler/cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"

namespace pumasi {
namespace {

// Deadlines of jobs are seconds long: looking this often is exact enough.
constexpr absl::Duration kTick = absl::Milliseconds(500);

}  // namespace

absl::Status Cluster::Register(const v1::Node& node, absl::Duration now) {
  absl::Status status = members_.Register(node, now);
  if (status.ok()) NodesChanged(now);
  return status;
}

absl::StatusOr<std::optional<v1::HeartbeatResponse>> Cluster::Assignments(uint64_t incarnation, uint64_t seen,
                                                                          absl::Duration now) {
  const Membership::Member* member = members_.Find(incarnation);
  if (member == nullptr) {
    return DetailedError(v1::ErrorDetail::STALE_INCARNATION,
                         absl::StrCat("incarnation ", incarnation, " is not alive"));
  }
  const uint64_t change = AssignmentChange();
  if (change == seen) return std::optional<v1::HeartbeatResponse>();
  v1::HeartbeatResponse response;
  response.set_change(change);
  for (const auto& job : jobs_) {
    if (auto assignment = job->AssignmentFor(member->node)) *response.add_assignments() = *std::move(assignment);
  }
  return std::optional<v1::HeartbeatResponse>(std::move(response));
}

void Cluster::Leave(uint64_t incarnation, absl::Duration now) {
  members_.Leave(incarnation, now);
  NodesChanged(now);
}

std::vector<Membership::Death> Cluster::Tick(absl::Duration now) {
  std::vector<Membership::Death> deaths = members_.TakeDeaths(now);
  if (!deaths.empty()) NodesChanged(now);
  for (const auto& job : jobs_) job->Tick(now);
  JobChanged(now);
  return deaths;
}

absl::Duration Cluster::NextDeadline(absl::Duration now) const {
  const auto death = members_.NextDeath();
  return death ? std::min(*death, now + kTick) : now + kTick;
}

void Cluster::NodesChanged(absl::Duration now) {
  bool may_start = true;
  for (const auto& job : jobs_) {
    job->NodesChanged(members_, may_start, now);
    may_start = may_start && job->ended();
  }
  ended_ = CountEnded();
}

size_t Cluster::CountEnded() const {
  return std::count_if(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->ended(); });
}

void Cluster::JobChanged(absl::Duration now) {
  if (CountEnded() != ended_) NodesChanged(now);
}

absl::StatusOr<std::string> Cluster::Submit(JobRun::Spec spec, absl::Duration now) {
  const std::string request = spec.request.request_id();
  if (const auto known = job_of_request_.find(request); !request.empty() && known != job_of_request_.end()) {
    return known->second;
  }
  for (auto job = jobs_.begin(); jobs_.size() >= options_.max_jobs && job != jobs_.end();) {
    if (!(*job)->ended()) {
      ++job;
      continue;
    }
    forgotten_change_ += (*job)->assignment_change();
    job_of_request_.erase((*job)->spec().request.request_id());
    job = jobs_.erase(job);
  }
  if (jobs_.size() >= options_.max_jobs) {
    return absl::ResourceExhaustedError(absl::StrCat(jobs_.size(), " jobs are waiting; max_jobs allows no more"));
  }
  const std::string id = spec.job_id;
  if (!request.empty()) job_of_request_[request] = id;
  jobs_.push_back(std::make_unique<JobRun>(std::move(spec), now));
  NodesChanged(now);
  return id;
}

absl::StatusOr<JobRun*> Cluster::Find(const std::string& job_id) {
  for (const auto& job : jobs_) {
    if (job->id() == job_id) return job.get();
  }
  return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat("no job has the id '", job_id, "'"));
}

absl::StatusOr<JobRun*> Cluster::Running(const std::string& job_id) {
  auto job = Find(job_id);
  if (job.ok() && (*job)->ended()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat("job ", job_id, " has ended"));
  }
  return job;
}

absl::StatusOr<v1::LeaseUnitsResponse> Cluster::Lease(JobRun& job, uint64_t worker, uint32_t hold_at_most) {
  return job.Lease(worker, hold_at_most, &next_token_);
}

std::vector<const JobRun*> Cluster::jobs() const {
  std::vector<const JobRun*> jobs;
  for (const auto& job : jobs_) jobs.push_back(job.get());
  return jobs;
}

uint64_t Cluster::AssignmentChange() const {
  uint64_t change = 1 + forgotten_change_;
  for (const auto& job : jobs_) change += job->assignment_change();
  return change;
}

std::vector<v1::NodeStatus> Cluster::Nodes(absl::Duration now) const {
  std::vector<v1::NodeStatus> nodes;
  for (const v1::Role role : {v1::ROLE_SERVER, v1::ROLE_WORKER}) {
    for (const v1::Node& node : members_.Alive(role)) {
      v1::NodeStatus& status = nodes.emplace_back();
      *status.mutable_node() = node;
      status.set_alive(true);
      status.set_silent_seconds(absl::ToDoubleSeconds(now - members_.Find(node.incarnation())->last_seen));
      for (const auto& job : jobs_) {
        if (!job->ended() && job->TakesPart(node.incarnation())) status.add_jobs(job->id());
      }
    }
  }
  for (auto death = members_.dead().rbegin(); death != members_.dead().rend(); ++death) {
    const bool back = std::any_of(nodes.begin(), nodes.end(),
                                  [&](const v1::NodeStatus& s) { return s.node().name() == death->node.name(); });
    if (back) continue;
    v1::NodeStatus& status = nodes.emplace_back();
    *status.mutable_node() = death->node;
    status.set_silent_seconds(absl::ToDoubleSeconds(now - death->at));
    status.set_note(death->reason);
  }
  return nodes;
}

std::optional<std::pair<std::string, JobRun::FinishCheckpoint>> Cluster::TakeCheckpoint() {
  for (const auto& job : jobs_) {
    if (auto finish = job->TakeCheckpoint()) return std::pair(job->id(), *std::move(finish));
  }
  return std::nullopt;
}

}  // namespace pumasi
