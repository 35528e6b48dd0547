// JobRun: its nodes, and how it begins and ends.
#include "scheduler/job_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/averaging.h"
#include "common/error_detail.h"
#include "common/model_plan.h"

namespace pumasi {
namespace {

// More rows than any data has, and few enough that no count of batches or rows overflows.
constexpr uint64_t kMaxRows = uint64_t{1} << 40;

// Where the job does not say.
constexpr double kRecoverTimeout = 3600;

std::string Describe(const v1::Node& worker) {
  return absl::StrCat("worker ", worker.name(), " at ", worker.address());
}

}  // namespace

JobRun::JobRun(Spec spec, absl::Duration now, uint64_t first_change)
    : spec_(std::move(spec)),
      job_(spec_.request.job()),
      change_(first_change + 1),
      assignment_change_(first_change + 1),
      submitted_(now),
      last_progress_(now),
      ended_at_(now),
      recovering_since_(now) {
  record_.profile().KeepTrace(spec_.request.trace_events());
}

void JobRun::Enter(v1::JobState state, absl::Duration now) {
  state_ = state;
  touched_ = true;
  last_progress_ = now;
  if (ended()) ended_at_ = now;
  ++change_;
  ++assignment_change_;
}

void JobRun::End(v1::JobState state, const std::string& message, absl::Duration now) {
  if (ended()) return;
  message_ = message;
  ledger_.reset();
  ledger_is_new_ = true;
  record_.Pause(now);
  StopCopying();
  ForgetLogAnswer();
  ForgetHearing();
  // What servers have begun to write is worth nothing without them, and what waits to be completed without the rest.
  checkpoints_.clear();
  to_finish_.clear();
  if (!cuts_.empty() && !has_log()) cuts_.erase(std::next(cuts_.begin()), cuts_.end());
  Enter(state, now);
}

absl::Status JobRun::NodeFailed(const v1::ReportFailureRequest& request, absl::Duration now) {
  const auto worker = workers_.find(request.incarnation());
  const auto server = servers_.find(request.incarnation());
  if (worker == workers_.end() && server == servers_.end()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_INCARNATION, "only members of a job can fail it");
  }
  const v1::Node& node = worker == workers_.end() ? server->second.node : worker->second.node;
  const std::string message = absl::StrCat(node.name(), ": ", request.message());
  if (request.goes_on()) {
    Warn(message);
  } else {
    Fail(message, now);
  }
  return absl::OkStatus();
}

void JobRun::Fail(const std::string& message, absl::Duration now) { End(v1::FAILED, message, now); }

void JobRun::Cancel(absl::Duration now) { End(v1::CANCELLED, "cancelled by its user", now); }

void JobRun::Warn(const std::string& warning) {
  record_.Warn(warning);
  ++change_;
}

void JobRun::NodesChanged(const Membership& members, bool may_start, absl::Duration now) {
  if (ended()) return;
  touched_ = true;
  if (state_ == v1::QUEUED) {
    const auto count = [&](v1::Role role) {
      const auto nodes = members.Alive(role);
      return std::count_if(nodes.begin(), nodes.end(), [&](const v1::Node& node) { return !members.draining(node); });
    };
    const auto servers = count(v1::ROLE_SERVER), workers = count(v1::ROLE_WORKER);
    const uint32_t want_servers = WantedHolders(job_, spec_.request.servers()).servers,
                   want_workers = std::max(1u, spec_.request.workers());
    std::string message;
    if (!may_start) {
      message = "waits for the job before it";
    } else if (servers < want_servers || workers < want_workers) {
      const std::string of_servers =
          want_servers == 0 ? "" : absl::StrCat(servers, " of ", want_servers, " servers and ");
      message = absl::StrCat("waits for nodes: ", of_servers, workers, " of ", want_workers, " workers are there");
    } else {
      Begin(members, now);
      return;
    }
    if (message != message_) ++change_;
    message_ = message;
    return;
  }
  UpdateWorkers(members);
  std::string died;
  const bool changed = UpdateServers(members, &died);
  if (state_ == v1::PREPARING || state_ == v1::RECOVERING) {
    Allocate(now);
  } else if (state_ == v1::ALLOCATING) {
    // Tables are being made: beginning again costs no training.
    if (!died.empty()) Recover(died, now);
  } else if (changed) {
    Relayout(died, now);
  }
  LookAtHearing(now);
}

void JobRun::Begin(const Membership& members, absl::Duration now) {
  message_.clear();
  workers_.clear();
  servers_.clear();
  // Whoever was asked before the job was cancelled may be gone by now.
  uploader_ = 0;
  // Equal kernel sets give equal bits; the most common one is taken, the first by name among equals. A job that goes on
  // keeps its own.
  std::map<std::string, uint32_t> sets;
  const auto workers = members.Alive(v1::ROLE_WORKER);
  for (const v1::Node& node : workers) ++sets[node.kernel_set()];
  if (!resumed_ || !sets.count(kernel_set_)) {
    kernel_set_ = std::max_element(sets.begin(), sets.end(), [](const auto& a, const auto& b) {
                    return a.second < b.second;
                  })->first;
  }
  for (const v1::Node& node : workers) {
    if (node.kernel_set() == kernel_set_) continue;
    record_.Warn(absl::StrCat("worker ", node.name(), " computes with ", node.kernel_set(), ", the job with ",
                              kernel_set_, ": it is left out, since results would depend on who computed them"));
  }
  if (WorkersHoldSlots(job_)) WarnOfMembers(members);
  UpdateWorkers(members);
  std::string died;
  UpdateServers(members, &died);
  Enter(v1::PREPARING, now);
  Allocate(now);
}

void JobRun::WarnOfMembers(const Membership& members) {
  if (KindsLieApart(job_)) {
    if (!WorkersReplicate(job_)) {
      record_.Warn(
          "mode: hybrid with updates that may be missing: workers share out the dense tensors, one copy of each; a "
          "worker's death takes the job back to its last checkpoint, as a server's does");
    }
    return;
  }
  if (const size_t servers = members.Alive(v1::ROLE_SERVER).size(); servers > 0) {
    record_.Warn(absl::StrCat("mode: allreduce: workers hold the slots; servers have nothing to do, and ", servers,
                              servers == 1 ? " is there" : " are there"));
  }
  if (job_.replicas() <= 1 && !has_log() && !WorkersHoldAllSlots(job_)) {
    record_.Warn(
        "mode: allreduce with replicas: 1: a worker's death takes the job back to its last checkpoint; with "
        "replicas: 2, or allreduce: {state: replicated}, it would go on, with durability: batch lose a batch at most");
  }
}

void JobRun::UpdateWorkers(const Membership& members) {
  for (auto worker = workers_.begin(); worker != workers_.end();) {
    const auto next = std::next(worker);
    if (members.Find(worker->first) == nullptr) {
      record_.Warn(absl::StrCat("worker ", worker->second.node.name(), " died; its units go to others"));
      if (ledger_) ledger_->WorkerGone(worker->first);
      speeds_.Forget(worker->first);
      if (uploader_ == worker->first) uploader_ = 0;
      to_hear_.erase(worker->first);
      ++work_change_;
      fenced_.insert(worker->first);
      workers_.erase(worker);
      ForgetFenced(members);
      ++change_, ++assignment_change_;
    }
    worker = next;
  }
  for (const v1::Node& node : members.Alive(v1::ROLE_WORKER)) {
    if (node.kernel_set() != kernel_set_ || fenced_.count(node.incarnation())) continue;
    const auto [worker, fresh] = workers_.try_emplace(node.incarnation(), Worker{node});
    speeds_.SetDevices(node.incarnation(), node.devices());
    const bool draining = members.draining(node);
    if (fresh || worker->second.draining != draining) ++change_, ++assignment_change_;
    worker->second.draining = draining;
  }
}

void JobRun::ForgetFenced(const Membership& members) {
  if (fenced_.size() <= kFenced) return;
  const auto& buried = members.buried();
  const size_t latest = std::min(buried.size(), kFenced);
  const std::set<uint64_t> keep(buried.end() - static_cast<ptrdiff_t>(latest), buried.end());
  std::erase_if(fenced_, [&](uint64_t incarnation) { return !keep.count(incarnation); });
}

bool JobRun::WorkersPrepared() const {
  return !workers_.empty() &&
         std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker.second.prepared; });
}

absl::StatusOr<v1::ReportPreparedResponse> JobRun::Prepared(const v1::ReportPreparedRequest& request,
                                                            absl::Duration now) {
  const auto worker = workers_.find(request.incarnation());
  if (ended() || worker == workers_.end()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat("job ", id(), " does not want this worker"));
  }
  touched_ = true;
  v1::ReportPreparedResponse response;
  if (data_.fingerprint().empty()) {
    data_ = request.data();
    data_from_ = Describe(worker->second.node);
  }
  if (data_.fingerprint() != request.data().fingerprint()) {
    const std::string message =
        absl::StrCat(Describe(worker->second.node), " reads other data than ", data_from_, ": ",
                     request.data().train_rows(), " training rows, ", request.data().vocabulary(), " ids, expected ",
                     data_.train_rows(), " and ", data_.vocabulary(), ". The files of all workers have to be the same");
    if (state_ == v1::PREPARING) Fail(message, now);
    return absl::FailedPreconditionError(message);
  }
  if (!worker->second.prepared) {
    // Workers repeat their report while they wait for others: only the first one is progress.
    worker->second.prepared = true;
    last_progress_ = now;
    ++change_;
    if (state_ != v1::PREPARING) ++assignment_change_;
    const bool joins = WorkersHoldSlots(job_) && AddMembers();
    const bool active = state_ == v1::TRAINING || state_ == v1::EVALUATING || state_ == v1::SAVING;
    if (joins && active) Relayout("", now);
  }
  if (!assets_there_ && (uploader_ == 0 || uploader_ == request.incarnation())) {
    uploader_ = request.incarnation();
    response.set_upload(true);
  }
  Allocate(now);
  return response;
}

void JobRun::AssetsUploaded(absl::Duration now) {
  if (ended()) return;
  touched_ = true;
  assets_there_ = true;
  Allocate(now);
}

absl::Status JobRun::PlanData() {
  if (data_.train_rows() == 0 || data_.train_rows() > kMaxRows || data_.test_rows() > kMaxRows) {
    return absl::InvalidArgumentError(absl::StrCat("the data has ", data_.train_rows(), " training rows and ",
                                                   data_.test_rows(), " test rows; 1 training row is needed, and ",
                                                   kMaxRows, " is the most"));
  }
  auto tables = PlanTables(job_, data_);
  if (!tables.ok()) return tables.status();
  tables_ = *std::move(tables);
  plan_ = PlanOf(job_, data_.train_rows());
  record_.SetMetrics({LossOf(job_), job_.top_k(), data_.classes()});
  return absl::OkStatus();
}

absl::Status JobRun::ServerReady(const v1::ReportReadyRequest& request, absl::Duration now) {
  const auto server = servers_.find(request.incarnation());
  if (ended() || server == servers_.end()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat("job ", id(), " does not want this server"));
  }
  if (request.layout_epoch() != layout_.epoch()) {
    return DetailedError(v1::ErrorDetail::STALE_LAYOUT, absl::StrCat("the layout is at epoch ", layout_.epoch()));
  }
  touched_ = true;
  if (!server->second.ready) last_progress_ = now;
  server->second.ready = true;
  const bool all = std::all_of(servers_.begin(), servers_.end(),
                               [&](const auto& entry) { return entry.second.ready || !InLayout(entry.first); });
  if (state_ == v1::ALLOCATING && all) {
    StartTraining(now);
    // Who came meanwhile has had to wait.
    if (!ended()) Relayout("", now);
  }
  return absl::OkStatus();
}

void JobRun::Tick(absl::Duration now) {
  if (ended() || state_ == v1::QUEUED) return;
  touched_ = true;
  LookAtHearing(now);
  if (state_ == v1::PREPARING && log_asked_) Allocate(now);
  if (state_ == v1::RECOVERING) {
    Allocate(now);
    const double limit = job_.recover_timeout() > 0 ? job_.recover_timeout() : kRecoverTimeout;
    if (state_ == v1::RECOVERING && now - recovering_since_ > absl::Seconds(limit)) {
      Fail(absl::StrFormat("after %.0f s there are still too few %s (%s)", limit, HoldersInWords(job_), message_), now);
    }
    return;
  }
  LookAtFilling(now);
  if (ended() || state_ == v1::RECOVERING) return;
  if (ledger_) {
    ledger_->GiveUpOutcomes(now);
    TakeBatches(now);
    if (ended()) return;
  }
  if (model_again_ && now >= *model_again_) {
    model_again_.reset();
    ++assignment_change_;
  }
  const double limit = state_ == v1::PREPARING ? job_.prepare_timeout() : job_.stall_timeout();
  if (now - last_progress_ <= absl::Seconds(limit)) return;
  Fail(absl::StrFormat("%sno progress for %.0f s in state %s; waited for %s", message_.empty() ? "" : message_ + "; ",
                       limit, v1::JobState_Name(state_), WaitingFor()),
       now);
}

v1::Progress JobRun::ProgressAt(uint64_t version) const {
  v1::Progress progress;
  progress.set_version(version);
  progress.set_epoch(plan_.EpochOf(version));
  progress.set_batch(plan_.BatchOf(version));
  return progress;
}

}  // namespace pumasi
