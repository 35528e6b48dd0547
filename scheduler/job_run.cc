#include "scheduler/job_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/error_detail.h"
#include "common/model_plan.h"
#include "scheduler/layout_plan.h"

namespace pumasi {
namespace {

// Test rows of one evaluation unit.
constexpr uint64_t kEvaluationRows = 256;

// More rows than any data has, and few enough that no count of batches or rows overflows.
constexpr uint64_t kMaxRows = uint64_t{1} << 40;

std::string Describe(const v1::Node& worker) {
  return absl::StrCat("worker ", worker.name(), " at ", worker.address());
}

}  // namespace

JobRun::JobRun(Spec spec, absl::Duration now)
    : spec_(std::move(spec)), job_(spec_.request.job()), submitted_(now), last_progress_(now) {}

void JobRun::Enter(v1::JobState state, absl::Duration now) {
  state_ = state;
  last_progress_ = now;
  if (ended()) ended_at_ = now;
  ++change_;
  ++assignment_change_;
}

void JobRun::Fail(const std::string& message, absl::Duration now) {
  if (ended()) return;
  message_ = message;
  ledger_.reset();
  Enter(v1::FAILED, now);
}

void JobRun::Cancel(absl::Duration now) {
  if (ended()) return;
  message_ = "cancelled by its user";
  ledger_.reset();
  Enter(v1::CANCELLED, now);
}

void JobRun::NodesChanged(const Membership& members, bool may_start, absl::Duration now) {
  if (ended()) return;
  if (state_ == v1::QUEUED) {
    const size_t servers = members.Alive(v1::ROLE_SERVER).size(), workers = members.Alive(v1::ROLE_WORKER).size();
    const uint32_t want_servers = std::max(1u, spec_.request.servers()),
                   want_workers = std::max(1u, spec_.request.workers());
    std::string message;
    if (!may_start) {
      message = "waits for the job before it";
    } else if (servers < want_servers || workers < want_workers) {
      message = absl::StrCat("waits for nodes: ", servers, " of ", want_servers, " servers and ", workers, " of ",
                             want_workers, " workers are there");
    } else {
      Begin(members, now);
      return;
    }
    if (message != message_) ++change_;
    message_ = message;
    return;
  }
  for (const auto& [incarnation, server] : servers_) {
    if (members.Find(incarnation) != nullptr) continue;
    std::string reason = "it is gone";
    for (const auto& death : members.dead()) {
      if (death.node.incarnation() == incarnation) reason = death.reason;
    }
    Fail(
        absl::StrCat("server ", server.node.name(), " at ", server.node.address(), " died (", reason,
                     ") and its part of the parameters with it; continue from the latest checkpoint in ", spec_.output),
        now);
    return;
  }
  for (auto worker = workers_.begin(); worker != workers_.end();) {
    const auto next = std::next(worker);
    if (members.Find(worker->first) == nullptr) {
      record_.Warn(absl::StrCat("worker ", worker->second.node.name(), " died; its units go to others"));
      if (ledger_) ledger_->WorkerGone(worker->first);
      if (uploader_ == worker->first) uploader_ = 0;
      fenced_.insert(worker->first);
      workers_.erase(worker);
      ++change_, ++assignment_change_;
    }
    worker = next;
  }
  for (const v1::Node& node : members.Alive(v1::ROLE_WORKER)) {
    if (node.kernel_set() == kernel_set_ && workers_.try_emplace(node.incarnation(), Worker{node}).second) {
      ++change_, ++assignment_change_;
    }
  }
  if (state_ == v1::PREPARING) Allocate(now);
}

void JobRun::Begin(const Membership& members, absl::Duration now) {
  message_.clear();
  // Equal kernel sets give equal bits; the most common one is taken, the first by name among equals.
  std::map<std::string, uint32_t> sets;
  const auto workers = members.Alive(v1::ROLE_WORKER);
  for (const v1::Node& node : workers) ++sets[node.kernel_set()];
  kernel_set_ = std::max_element(sets.begin(), sets.end(), [](const auto& a, const auto& b) {
                  return a.second < b.second;
                })->first;
  for (const v1::Node& node : workers) {
    if (node.kernel_set() == kernel_set_) {
      workers_[node.incarnation()] = {node};
    } else {
      record_.Warn(absl::StrCat("worker ", node.name(), " computes with ", node.kernel_set(), ", the job with ",
                                kernel_set_, ": it is left out, since results would depend on who computed them"));
    }
  }
  for (const v1::Node& node : members.Alive(v1::ROLE_SERVER)) servers_[node.incarnation()] = {node};
  Enter(v1::PREPARING, now);
}

absl::StatusOr<v1::ReportPreparedResponse> JobRun::Prepared(const v1::ReportPreparedRequest& request,
                                                            absl::Duration now) {
  const auto worker = workers_.find(request.incarnation());
  if (ended() || worker == workers_.end()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat("job ", id(), " does not want this worker"));
  }
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
  }
  if (!assets_there_ && (uploader_ == 0 || uploader_ == request.incarnation())) {
    uploader_ = request.incarnation();
    response.set_upload(true);
  }
  Allocate(now);
  return response;
}

void JobRun::AssetsUploaded(absl::Duration now) {
  assets_there_ = true;
  Allocate(now);
}

void JobRun::Allocate(absl::Duration now) {
  const bool all = !workers_.empty() && std::all_of(workers_.begin(), workers_.end(),
                                                    [](const auto& worker) { return worker.second.prepared; });
  if (state_ != v1::PREPARING || !all || !assets_there_) return;
  if (data_.train_rows() == 0 || data_.train_rows() > kMaxRows || data_.test_rows() > kMaxRows) {
    return Fail(absl::StrCat("the data has ", data_.train_rows(), " training rows and ", data_.test_rows(),
                             " test rows; 1 training row is needed, and ", kMaxRows, " is the most"),
                now);
  }
  auto tables = PlanTables(job_, data_);
  if (!tables.ok()) return Fail(std::string(tables.status().message()), now);
  tables_ = *std::move(tables);
  plan_ = {data_.train_rows(), job_.batch(), job_.micro_batches()};
  record_.SetMetrics({LossOf(job_), job_.top_k(), data_.classes()});
  if (absl::Status status = CheckResume(); !status.ok()) return Fail(std::string(status.message()), now);
  if (spec_.resume) start_ = spec_.resume->progress();
  version_ = start_.version();
  if (absl::Status status = ResumePlateau(); !status.ok()) return Fail(std::string(status.message()), now);
  std::vector<v1::Node> nodes;
  for (const auto& [incarnation, server] : servers_) nodes.push_back(server.node);
  std::sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
  layout_ = PlanLayout(1, job_.slots(), nodes);
  Enter(v1::ALLOCATING, now);
}

absl::Status JobRun::ServerReady(const v1::ReportReadyRequest& request, absl::Duration now) {
  const auto server = servers_.find(request.incarnation());
  if (ended() || server == servers_.end()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat("job ", id(), " does not want this server"));
  }
  if (request.layout_epoch() != layout_.epoch()) {
    return DetailedError(v1::ErrorDetail::STALE_LAYOUT, absl::StrCat("the layout is at epoch ", layout_.epoch()));
  }
  server->second.ready = true;
  last_progress_ = now;
  const bool all = std::all_of(servers_.begin(), servers_.end(), [](const auto& entry) { return entry.second.ready; });
  if (state_ == v1::ALLOCATING && all) StartTraining(now);
  return absl::OkStatus();
}

void JobRun::StartTraining(absl::Duration now) {
  epoch_ = start_.version() / plan_.BatchesPerEpoch();
  if (LacksEvaluation()) {
    --epoch_;
    StartEvaluation(now);
  } else if (epoch_ >= job_.epochs()) {
    Enter(v1::SAVING, now);
  } else {
    StartEpoch(now);
  }
}

void JobRun::StartEpoch(absl::Duration now) {
  const uint64_t batches = plan_.BatchesPerEpoch();
  ledger_.emplace(Ledger::Options{std::max(epoch_ * batches, start_.version()), (epoch_ + 1) * batches,
                                  job_.micro_batches(), kBatchesAhead});
  record_.StartEpoch(now);
  Enter(v1::TRAINING, now);
}

absl::Status JobRun::TakeResults(const v1::LeaseUnitsRequest& request, absl::Duration now) {
  if (!workers_.count(request.incarnation())) {
    return fenced_.count(request.incarnation())
               ? DetailedError(v1::ErrorDetail::STALE_INCARNATION, "this worker was declared dead")
               : DetailedError(v1::ErrorDetail::UNKNOWN_INCARNATION, absl::StrCat("job ", id(), " has no such worker"));
  }
  if (request.has_use()) record_.AddUse(request.use());
  if (!ledger_) return absl::OkStatus();
  for (const uint64_t token : request.returned()) ledger_->Return(request.incarnation(), token);
  for (const v1::UnitDone& done : request.done()) {
    const absl::Status status = ledger_->Done(request.incarnation(), done);
    if (!status.ok() && ReasonOf(status) != v1::ErrorDetail::STALE_LEASE) return status;
    if (status.ok()) last_progress_ = now;
  }
  if (request.hold_at_most() > 0) {
    ledger_->KeepOnly(request.incarnation(), {request.held().begin(), request.held().end()});
  }
  TakeBatches(now);
  return absl::OkStatus();
}

void JobRun::TakeBatches(absl::Duration now) {
  const auto done = ledger_->TakeDone();
  if (done.empty()) return;
  ++change_;
  if (state_ == v1::TRAINING) version_ = ledger_->first_open();
  for (const auto& batch : done) {
    if (state_ == v1::TRAINING) {
      record_.AddBatch(batch);
    } else {
      record_.AddEvaluation(batch);
    }
  }
  if (!ledger_->complete()) return;
  if (state_ == v1::TRAINING) {
    record_.EndEpoch(epoch_, now);
    if (data_.test_rows() == 0) return AfterEpoch(now);
    StartEvaluation(now);
  } else {
    record_.EndEvaluation(epoch_);
    ObserveTestLoss(record_.last_test_loss());
    AfterEpoch(now);
  }
}

void JobRun::StartEvaluation(absl::Duration now) {
  const uint64_t chunks = (data_.test_rows() + kEvaluationRows - 1) / kEvaluationRows;
  ledger_.emplace(Ledger::Options{0, chunks, 1, static_cast<uint32_t>(std::min<uint64_t>(chunks, 1024))});
  Enter(v1::EVALUATING, now);
}

void JobRun::AfterEpoch(absl::Duration now) {
  ++epoch_;
  if (epoch_ < job_.epochs()) return StartEpoch(now);
  ledger_.reset();
  Enter(v1::SAVING, now);
}

absl::StatusOr<v1::LeaseUnitsResponse> JobRun::Lease(uint64_t incarnation, uint32_t hold_at_most,
                                                     uint64_t* next_token) {
  v1::LeaseUnitsResponse response;
  response.set_state(state_);
  const auto worker = workers_.find(incarnation);
  if (!ledger_ || worker == workers_.end() || !worker->second.prepared) return response;
  const auto ready =
      std::count_if(workers_.begin(), workers_.end(), [](const auto& entry) { return entry.second.prepared; });
  for (const Ledger::Unit& unit : ledger_->Lease(incarnation, hold_at_most, static_cast<uint32_t>(ready), next_token)) {
    v1::Lease* lease = response.add_leases();
    lease->set_token(unit.token);
    lease->set_epoch(epoch_);
    lease->set_first_part(unit.parts.first);
    lease->set_end_part(unit.parts.end);
    if (state_ == v1::TRAINING) {
      lease->set_kind(v1::TRAIN);
      lease->set_version(unit.batch);
      lease->set_batch(plan_.BatchOf(unit.batch));
      *lease->mutable_rate_changes() = {rate_changes_.begin(), rate_changes_.end()};
    } else {
      lease->set_kind(v1::EVALUATE);
      lease->set_version(version_);
      lease->set_batch(unit.batch);
      lease->set_first_row(unit.batch * kEvaluationRows);
      lease->set_end_row(std::min((unit.batch + 1) * kEvaluationRows, data_.test_rows()));
    }
  }
  return response;
}

void JobRun::Tick(absl::Duration now) {
  if (ended() || state_ == v1::QUEUED) return;
  const double limit = state_ == v1::PREPARING ? job_.prepare_timeout() : job_.stall_timeout();
  if (now - last_progress_ <= absl::Seconds(limit)) return;
  Fail(absl::StrFormat("no progress for %.0f s in state %s; waited for %s", limit, v1::JobState_Name(state_),
                       WaitingFor()),
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
