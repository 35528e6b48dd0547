#include "tests/simulation/scheduler_node.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/error_detail.h"
#include "tests/simulation/rpc.h"

namespace pumasi::sim {
namespace {

constexpr absl::Duration kLease = absl::Seconds(3);
constexpr absl::Duration kLongestWait = absl::Seconds(10);
constexpr absl::Duration kHearingWait = absl::Milliseconds(100);
constexpr absl::Duration kCommitAgain = absl::Milliseconds(500);

absl::Status NotDurable() {
  return DetailedError(v1::ErrorDetail::NOT_DURABLE, "the scheduler's state could not be made durable");
}

}  // namespace

void SchedulerNode::Started() {
  Cluster::Options options;
  options.membership.lease = kLease;
  options.membership.crash_grace = absl::Milliseconds(500);
  cluster_ = std::make_unique<Cluster>(options);
  std::vector<StoreEntry> entries;
  for (const char* prefix : Cluster::kRecordPrefixes) {
    for (StoreEntry& entry : store_.Entries(prefix)) entries.push_back(std::move(entry));
  }
  if (const absl::Status status = cluster_->Restore(entries, Now()); !status.ok()) {
    world_.Fail(absl::StrCat("the scheduler can't read its records: ", status.ToString()));
  }
  assets_.clear();
  for (const StoreEntry& entry : store_.Entries("assets/")) {
    absl::string_view key = absl::StripPrefix(entry.key, "assets/");
    const size_t slash = key.find('/');
    assets_[std::string(key.substr(0, slash))][std::string(key.substr(slash + 1))] = entry.value;
  }
  woken_change_ = 0;
  finishing_ = false;
  dirty_ = true;
  commit_again_ = absl::ZeroDuration();
  After(absl::ZeroDuration(), [] {});
}

void SchedulerNode::Killed() {
  around_.watch.SchedulerDied();
  cluster_.reset();
  heartbeats_.Clear();
  leases_.Clear();
  norms_.Clear();
}

v1::AuditResponse SchedulerNode::Audit(const JobRun& job) {
  v1::AuditResponse audit = job.Audit();
  for (const StoreEntry& entry : store_.Entries(absl::StrCat("audit/", job.id(), "/"))) {
    v1::AuditBatch batch;
    if (!batch.ParseFromString(entry.value) || batch.version() >= job.audited_end()) continue;
    *audit.add_batches() = batch;
  }
  return audit;
}

void SchedulerNode::Disconnected(const std::string& name) {
  if (cluster_ == nullptr) return;
  for (const auto& [incarnation, member] : cluster_->members().alive()) {
    if (member.node.name() != name) continue;
    cluster_->Disconnected(incarnation, Now());
    dirty_ = true;
    return;
  }
}

void SchedulerNode::Commit() {
  // Also while the store fails: only a commit that was tried says whether what just happened is durable.
  auto commit = cluster_->TakeCommit(Now());
  if (!commit) return;
  const absl::Status status = store_.Commit(commit->batch, commit->durability);
  cluster_->CommitDone(status, Now());
  commit_again_ = status.ok() ? absl::ZeroDuration() : Now() + kCommitAgain;
}

void SchedulerNode::Changed() {
  dirty_ = false;
  cluster_->JobChanged(Now());
  Commit();
  for (const std::string& id : cluster_->TakeForgotten()) {
    StoreBatch batch;
    for (const std::string prefix : {"audit/", "assets/"}) {
      for (const StoreEntry& entry : store_.Entries(absl::StrCat(prefix, id, "/"))) batch.Delete(entry.key);
    }
    (void)store_.Commit(batch, Durability::kOrdered);
  }
  if (const uint64_t change = cluster_->AssignmentChange(); change != woken_change_) {
    woken_change_ = change;
    heartbeats_.Retry(Now());
  }
  leases_.Retry(Now());
  norms_.Retry(Now());
  FinishNext();
  ReadLog();
}

void SchedulerNode::AfterEvent() {
  const absl::Duration now = Now();
  if (now >= cluster_->NextDeadline(now)) {
    for (const Membership::Death& death : cluster_->Tick(now)) {
      world_.Trace("scheduler: ", death.node.name(), " is dead: ", death.reason);
    }
    dirty_ = true;
  }
  if (!cluster_->durable() && now >= commit_again_) dirty_ = true;
  if (dirty_) {
    Changed();
    if (cluster_->durable()) heartbeats_.Retry(now);
  }
  for (Parking* parking : {&heartbeats_, &leases_, &norms_}) {
    if (now >= parking->NextDeadline()) parking->Retry(now);
    WakeBy(parking->NextDeadline());
  }
  // Restarts of deadlines that are past by now: not at once, or time would stand still.
  WakeBy(std::max(cluster_->NextDeadline(now), now + absl::Milliseconds(1)));
  if (!cluster_->durable()) WakeBy(std::max(commit_again_, now + absl::Milliseconds(1)));
  around_.watch.SchedulerChanged(*cluster_);
}

template <typename Request, typename Response>
void SchedulerNode::ServeEvent(const Incoming& call,
                               const std::function<absl::Status(const Request&, Response*)>& event) {
  Answer<Request, Response>(call, [&](const Request& request, Response* response) {
    const absl::Status status = event(request, response);
    Changed();
    return cluster_->MayTell(status) ? status : NotDurable();
  });
}

template <typename Request, typename Response>
void SchedulerNode::ServeJob(const Incoming& call,
                             const std::function<absl::Status(JobRun&, const Request&, Response*)>& event) {
  ServeEvent<Request, Response>(call, [&](const Request& request, Response* response) -> absl::Status {
    auto job = cluster_->Running(request.job_id());
    return job.ok() ? event(**job, request, response) : job.status();
  });
}

void SchedulerNode::ServeHeartbeat(const Incoming& call) {
  v1::HeartbeatRequest request;
  if (!request.ParseFromString(call.request)) return call.reply(absl::InvalidArgumentError("not a request"), "");
  if (const absl::Status alive = cluster_->Renew(request.incarnation(), Now()); !alive.ok())
    return call.reply(alive, "");
  heartbeats_.Park(std::min(call.answer_by, Now() + kLease / 3), [this, request, reply = call.reply](bool last) {
    auto answer = cluster_->Assignments(request.incarnation(), request.seen_change(), Now());
    if (answer.ok() && !answer->has_value() && !last) return false;
    v1::HeartbeatResponse response;
    if (answer.ok() && answer->has_value()) response = **answer;
    if (answer.ok() && !answer->has_value()) response.set_unchanged(true);
    reply(answer.status(), response.SerializeAsString());
    return true;
  });
}

void SchedulerNode::ServeLease(const Incoming& call) {
  v1::LeaseUnitsRequest request;
  if (!request.ParseFromString(call.request)) return call.reply(absl::InvalidArgumentError("not a request"), "");
  auto job = cluster_->Running(request.job_id());
  const uint64_t before = job.ok() ? (*job)->work_change() : 0;
  const absl::Status taken = job.ok() ? (*job)->TakeResults(request, Now()) : job.status();
  v1::LeaseUnitsResponse response;
  if (taken.ok()) response.set_state((*job)->state());
  if (job.ok() && (*job)->work_change() != before) Changed();
  if (!taken.ok()) {
    Commit();
    return call.reply(cluster_->MayTell(taken) ? taken : NotDurable(), "");
  }
  if (request.hold_at_most() == 0) {
    return call.reply(cluster_->durable() ? absl::OkStatus() : NotDurable(), response.SerializeAsString());
  }
  const absl::Duration longest = job.ok() && (*job)->hearing() ? kHearingWait : kLongestWait;
  leases_.Park(std::min(call.answer_by, Now() + longest), [this, request, reply = call.reply](bool last) {
    auto job = cluster_->Running(request.job_id());
    auto answer = job.ok() ? cluster_->Lease(**job, request.incarnation(), request.hold_at_most(), Now())
                           : absl::StatusOr<v1::LeaseUnitsResponse>(job.status());
    Commit();
    if (!cluster_->MayTell(answer.status())) answer = NotDurable();
    if (answer.ok() && answer->leases().empty() && !last) return false;
    for (int i = 0; answer.ok() && i < answer->leases_size(); ++i) {
      around_.watch.Leases(request.job_id(), answer->leases(i));
      if (world_.tracing()) world_.Trace("scheduler: leases ", answer->leases(i).ShortDebugString());
    }
    reply(answer.status(), answer.ok() ? answer->SerializeAsString() : "");
    return true;
  });
}

void SchedulerNode::ServeNorms(const Incoming& call) {
  v1::CombineNormsRequest request;
  if (!request.ParseFromString(call.request)) return call.reply(absl::InvalidArgumentError("not a request"), "");
  const auto attempt = [this, request, reply = call.reply](bool last) {
    auto job = cluster_->Running(request.job_id());
    auto answer = job.ok() ? (*job)->CombineNorms(request)
                           : absl::StatusOr<std::optional<v1::CombineNormsResponse>>(job.status());
    Commit();
    if ((!answer.ok() || answer->has_value()) && !cluster_->MayTell(answer.status())) answer = NotDurable();
    if (answer.ok() && !answer->has_value()) {
      if (!last) return false;
      answer = DetailedError(v1::ErrorDetail::NOT_READY, "waits for norms");
    }
    reply(answer.status(), answer.ok() ? (*answer)->SerializeAsString() : "");
    return true;
  };
  // The last server's sums answer the others' calls.
  if (!norms_.Park(std::min(call.answer_by, Now() + kLongestWait), attempt)) norms_.Retry(Now());
}

absl::Status SchedulerNode::Upload(const v1::AssetChunk& chunk) {
  auto job = cluster_->Running(chunk.job_id());
  if (!job.ok()) return job.status();
  if (!(*job)->TakesPart(chunk.incarnation())) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_INCARNATION, "only members of a job can give it a vocabulary");
  }
  StoreBatch batch;
  batch.Put(absl::StrCat("assets/", chunk.job_id(), "/", chunk.name()), chunk.data());
  if (!store_.Commit(batch, Durability::kSynced).ok()) return NotDurable();
  assets_[chunk.job_id()] = {{chunk.name(), chunk.data()}};
  (*job)->AssetsUploaded(Now());
  return absl::OkStatus();
}

absl::Status SchedulerNode::Submit(const v1::SubmitRequest& request, v1::SubmitResponse* response) {
  const std::string& name = request.job().name();
  JobRun::Spec spec{absl::StrCat(name, "-", life(), "-", world_.now()), request, absl::StrCat("/out/", name),
                    std::nullopt};
  auto id = cluster_->Submit(std::move(spec), Now());
  if (id.ok()) response->set_job_id(*id);
  return id.status();
}

void SchedulerNode::FinishNext() {
  if (finishing_) return;
  auto next = cluster_->TakeCheckpoint();
  if (!next) return;
  finishing_ = true;
  After(absl::Microseconds(random().Between(100, 30000)), [this, job_id = next->first, finish = next->second] {
    finishing_ = false;
    const std::optional<Stop> stop = std::exchange(stop_, std::nullopt);
    if (stop) around_.files.StopAfter(stop->operations);
    Finish(job_id, finish);
    if (!stop) return;
    if (around_.files.stopped()) {
      world_.Trace("scheduler: dies after ", stop->operations, " operations of the disk");
      return stop->die();
    }
    around_.files.GoOn();
  });
}

void SchedulerNode::ReadLog() {
  auto next = cluster_->TakeLogQuestion();
  if (!next) return;
  const auto took = absl::Microseconds(100 << random().Below(12));
  After(took, [this, job_id = next->first, question = next->second] {
    auto job = cluster_->Find(job_id);
    if (!job.ok()) return;
    const auto end = EndOfLog(around_.files, question);
    world_.Trace("scheduler: the log of ", job_id, " ends at ",
                 end.ok() ? absl::StrCat(*end) : end.status().ToString());
    // A flipped bit ends a file of the log just as a torn record does.
    if (!end.ok() || around_.files.faults.flip_read > 0) around_.watch.LogFailed(job_id);
    (*job)->LogRead(question.number, end, Now());
    Changed();
  });
}

void SchedulerNode::Finish(const std::string& job_id, const JobRun::FinishCheckpoint& finish) {
  auto job = cluster_->Find(job_id);
  if (!job.ok()) return;
  const std::string output = (*job)->spec().output;
  const auto hash = CompleteCheckpoint(around_.files, output, finish, assets_[job_id]);
  // Whatever it came to, the process did not live to see it.
  if (around_.files.stopped()) return;
  world_.Trace("scheduler: checkpoint ", finish.name, " of ", job_id, ": ", hash.status().ToString());
  if (hash.ok()) around_.watch.CheckpointCompleted(job_id, output, finish);
  (*job)->CheckpointFinished(finish.folder, hash.status(), hash.ok() ? *hash : "", Now());
  Changed();
  if (!hash.ok() || !cluster_->durable() || !(*job)->GoesOnFrom(finish.name)) return;
  if (!finish.final) RemoveOldCheckpoints(around_.files, output, finish.name, finish.keep);
  TrimLog(around_.files, finish);
}

void SchedulerNode::Serve(Incoming call) {
  const absl::Duration now = Now();
  switch (call.method) {
    case Method::kRegister:
      return ServeEvent<v1::RegisterRequest, v1::RegisterResponse>(call, [&](const auto& request, auto* response) {
        response->set_lease_seconds(absl::ToDoubleSeconds(kLease));
        return cluster_->Register(request.node(), now);
      });
    case Method::kHeartbeat:
      return ServeHeartbeat(call);
    case Method::kLeave:
      return ServeEvent<v1::LeaveRequest, v1::LeaveResponse>(call, [&](const auto& request, auto*) {
        cluster_->Leave(request.incarnation(), now);
        return absl::OkStatus();
      });
    case Method::kReportPrepared:
      return ServeJob<v1::ReportPreparedRequest, v1::ReportPreparedResponse>(
          call, [&](JobRun& job, const auto& request, auto* response) {
            auto answer = job.Prepared(request, now);
            if (answer.ok()) *response = *answer;
            return answer.status();
          });
    case Method::kUploadAssets:
      return ServeEvent<v1::AssetChunk, v1::UploadAssetsResponse>(
          call, [&](const auto& request, auto*) { return Upload(request); });
    case Method::kReportReady:
      return ServeJob<v1::ReportReadyRequest, v1::ReportReadyResponse>(
          call, [&](JobRun& job, const auto& request, auto*) { return job.ServerReady(request, now); });
    case Method::kReportFilled:
      return ServeJob<v1::ReportFilledRequest, v1::ReportFilledResponse>(
          call, [&](JobRun& job, const auto& request, auto*) { return job.Filled(request, now); });
    case Method::kReportShardSaved:
      return ServeJob<v1::ReportShardSavedRequest, v1::ReportShardSavedResponse>(
          call, [&](JobRun& job, const auto& request, auto*) { return job.ShardSaved(request, now); });
    case Method::kReportFailure:
      return ServeJob<v1::ReportFailureRequest, v1::ReportFailureResponse>(
          call, [&](JobRun& job, const auto& request, auto*) { return job.NodeFailed(request, now); });
    case Method::kCombineNorms:
      return ServeNorms(call);
    case Method::kLeaseUnits:
      return ServeLease(call);
    case Method::kSubmit:
      return ServeEvent<v1::SubmitRequest, v1::SubmitResponse>(
          call, [&](const auto& request, auto* response) { return Submit(request, response); });
    case Method::kResume:
      return ServeEvent<v1::ResumeRequest, v1::ResumeResponse>(
          call, [&](const auto& request, auto*) { return cluster_->Resume(request.job_id(), now); });
    case Method::kCancel:
      return ServeEvent<v1::CancelRequest, v1::CancelResponse>(call, [&](const auto& request, auto*) {
        auto job = cluster_->Running(request.job_id());
        if (job.ok()) (*job)->Cancel(now);
        return job.status();
      });
    case Method::kDrain:
      return ServeEvent<v1::DrainRequest, v1::DrainResponse>(
          call, [&](const auto& request, auto*) { return cluster_->Drain(request.node(), request.undo(), now); });
    default:
      call.reply(absl::UnimplementedError(MethodName(call.method)), "");
  }
}

}  // namespace pumasi::sim
