#include "scheduler/cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/planted_bug.h"

namespace pumasi {

absl::Status Cluster::Register(const v1::Node& node, absl::Duration now, const std::string& host) {
  const bool known = members_.Find(node.incarnation()) != nullptr;
  touched_ = true;
  absl::Status status = members_.Register(node, now, host);
  if (status.ok() && !known) NodesChanged(now);
  return status;
}

absl::StatusOr<std::optional<v1::HeartbeatResponse>> Cluster::Assignments(uint64_t incarnation, uint64_t seen,
                                                                          absl::Duration now) {
  const Membership::Member* member = members_.Find(incarnation);
  if (member == nullptr) return members_.Renew(incarnation, now);
  if (!durable() && !Planted(PlantedBug::kUnsyncedEpoch)) return std::optional<v1::HeartbeatResponse>();
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
  touched_ = true;
  members_.Leave(incarnation, now);
  NodesChanged(now);
}

absl::Status Cluster::Drain(const std::string& name, bool undo, absl::Duration now) {
  const auto& alive = members_.alive();
  const bool lives =
      std::any_of(alive.begin(), alive.end(), [&](const auto& member) { return member.second.node.name() == name; });
  if (!lives && !(undo && members_.draining().count(name))) {
    return absl::NotFoundError(absl::StrCat("no living node is named '", name, "'"));
  }
  touched_ = true;
  if (members_.SetDraining(name, !undo)) NodesChanged(now);
  return absl::OkStatus();
}

std::vector<Membership::Death> Cluster::Tick(absl::Duration now) {
  std::vector<Membership::Death> deaths = members_.TakeDeaths(now);
  touched_ = true;
  if (!deaths.empty()) NodesChanged(now);
  for (const auto& job : jobs_) job->Tick(now);
  JobChanged(now);
  return deaths;
}

absl::Duration Cluster::NextDeadline(absl::Duration now) const {
  absl::Duration next = now + kTick;
  if (const auto death = members_.NextDeath()) next = std::min(next, *death);
  for (const auto& job : jobs_) next = std::min(next, job->NextDeadline(now));
  return next;
}

void Cluster::NodesChanged(absl::Duration now) {
  bool may_start = true;
  for (const auto& job : jobs_) {
    // One that was resumed waits for those that run.
    const bool other_runs = std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& other) {
      return other != job && !other->ended() && other->state() != v1::QUEUED;
    });
    job->NodesChanged(members_, may_start && !other_runs, now);
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
  touched_ = true;
  const std::string request = spec.request.request_id();
  if (const auto known = job_of_request_.find(request); !request.empty() && known != job_of_request_.end()) {
    return known->second;
  }
  for (auto job = jobs_.begin(); jobs_.size() >= options_.max_jobs && job != jobs_.end();) {
    if (!(*job)->ended()) {
      ++job;
      continue;
    }
    forgotten_change_ += (*job)->assignment_change() - FirstChange();
    (*job)->Forget(&unsaved_);
    forgotten_.push_back((*job)->id());
    job_of_request_.erase((*job)->spec().request.request_id());
    job = jobs_.erase(job);
  }
  if (jobs_.size() >= options_.max_jobs) {
    return absl::ResourceExhaustedError(absl::StrCat(jobs_.size(), " jobs are waiting; max_jobs allows no more"));
  }
  const std::string id = spec.job_id;
  if (!request.empty()) job_of_request_[request] = id;
  jobs_.push_back(std::make_unique<JobRun>(std::move(spec), now, FirstChange()));
  NodesChanged(now);
  return id;
}

bool Cluster::MayTell(const absl::Status& status) const {
  if (durable()) return true;
  return !status.ok() && ReasonOf(status) == v1::ErrorDetail::REASON_UNSPECIFIED;
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

absl::Status Cluster::Resume(const std::string& job_id, absl::Duration now) {
  auto job = Find(job_id);
  if (!job.ok()) return job.status();
  if (absl::Status status = (*job)->Resume(now); !status.ok()) return status;
  NodesChanged(now);
  return absl::OkStatus();
}

absl::StatusOr<v1::LeaseUnitsResponse> Cluster::Lease(JobRun& job, uint64_t worker, uint32_t hold_at_most,
                                                      absl::Duration now) {
  if (!durable()) {
    v1::LeaseUnitsResponse nothing;
    nothing.set_state(job.state());
    return nothing;
  }
  auto response = job.Lease(worker, hold_at_most, &next_token_, now);
  for (; token_limit_ < next_token_; token_limit_ += kTokenBlock) touched_ = true;
  return response;
}

std::vector<const JobRun*> Cluster::jobs() const {
  std::vector<const JobRun*> jobs;
  for (const auto& job : jobs_) jobs.push_back(job.get());
  return jobs;
}

uint64_t Cluster::AssignmentChange() const {
  uint64_t change = FirstChange() + 1 + forgotten_change_;
  for (const auto& job : jobs_) change += job->assignment_change() - FirstChange();
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
      status.set_draining(members_.draining(node));
      bool needed = false;
      for (const auto& job : jobs_) {
        if (job->ended() || !job->TakesPart(node.incarnation())) continue;
        status.add_jobs(job->id());
        needed = needed || job->Needs(node.incarnation());
        const SlotCounts slots = CountSlots(job->layout(), node.incarnation());
        status.set_primary_slots(status.primary_slots() + slots.primary);
        status.set_backup_slots(status.backup_slots() + slots.backup);
        status.set_filling_slots(status.filling_slots() + slots.filling);
      }
      status.set_drained(status.draining() && !needed);
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

bool Cluster::HasFileWork() const {
  return std::any_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->HasFileWork(); });
}

std::optional<std::pair<std::string, JobRun::LogQuestion>> Cluster::TakeLogQuestion() {
  for (const auto& job : jobs_) {
    if (auto question = job->TakeLogQuestion()) return std::pair(job->id(), *std::move(question));
  }
  return std::nullopt;
}

}  // namespace pumasi
