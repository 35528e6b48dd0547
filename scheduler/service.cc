#include "scheduler/service.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/authorize.h"
#include "common/checkpoint/model_folder.h"
#include "common/error_detail.h"
#include "common/log.h"
#include "common/rpc_error.h"
#include "scheduler/heartbeat_reactor.h"
#include "scheduler/upload_reactor.h"

namespace pumasi {
namespace {

using std::chrono::milliseconds;

}  // namespace

SchedulerService::SchedulerService(const Options& options, const Clock& clock, Files& files)
    : options_(options),
      clock_(clock),
      files_(files),
      cluster_(options.cluster),
      deadlines_([this] { WatchDeadlines(); }),
      checkpoints_([this] { CompleteCheckpoints(); }) {}

SchedulerService::~SchedulerService() { Stop(); }

void SchedulerService::Stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    deadline_wake_.notify_all();
    checkpoint_wake_.notify_all();
  }
  heartbeats_.Close();
  leases_.Close();
  watchers_.Close();
  norms_.Close();
  deadlines_.join();
  checkpoints_.join();
}

void SchedulerService::Changed() {
  const absl::Duration now = clock_.Now();
  cluster_.JobChanged(now);
  for (const JobRun* job : cluster_.jobs()) {
    v1::JobState& logged = logged_[job->id()];
    if (logged == job->state()) continue;
    logged = job->state();
    const v1::JobStatus status = job->Status(now);
    Log(logged == v1::FAILED ? Severity::kError : Severity::kInfo,
        absl::StrCat(v1::JobState_Name(logged), status.message().empty() ? "" : ": ", status.message()),
        {{"job", job->id()}, {"epoch", status.progress().epoch()}});
    if (job->ended()) assets_.erase(job->id());
  }
  if (const uint64_t change = cluster_.AssignmentChange(); change != woken_change_) {
    woken_change_ = change;
    heartbeats_.Retry();
  }
  leases_.Retry();
  watchers_.Retry();
  norms_.Retry();
  checkpoint_wake_.notify_all();
}

SchedulerService::Reactor* SchedulerService::Serve(Context* context,
                                                   const std::function<absl::Status(absl::Duration)>& event) {
  Reactor* reactor = context->DefaultReactor();
  absl::Status status;
  {
    std::lock_guard lock(mutex_);
    status = event(clock_.Now());
    Changed();
  }
  reactor->Finish(ToGrpc(status));
  return reactor;
}

SchedulerService::Reactor* SchedulerService::Register(Context* context, const v1::RegisterRequest* request,
                                                      v1::RegisterResponse* response) {
  // A certificate speaks for one node in one role.
  const auto identity = IdentityOf(*context->auth_context());
  return Serve(context, [&](absl::Duration now) -> absl::Status {
    const v1::Node& node = request->node();
    if (identity && (identity->role != node.role() || identity->name != node.name())) {
      return absl::PermissionDeniedError(absl::StrCat("the certificate is of ", IdentityUri(*identity), ", not of ",
                                                      v1::Role_Name(node.role()), " ", node.name()));
    }
    if (absl::Status status = cluster_.Register(node, now); !status.ok()) return status;
    response->set_lease_seconds(absl::ToDoubleSeconds(options_.cluster.membership.lease));
    Log(Severity::kInfo, "node registered",
        {{"peer", request->node().name()},
         {"role", v1::Role_Name(request->node().role())},
         {"address", request->node().address()},
         {"kernel_set", request->node().kernel_set()}});
    return absl::OkStatus();
  });
}

SchedulerService::Reactor* SchedulerService::Heartbeat(Context* context, const v1::HeartbeatRequest* request,
                                                       v1::HeartbeatResponse* response) {
  const uint64_t incarnation = request->incarnation();
  auto* reactor = new HeartbeatReactor([this, incarnation] {
    std::lock_guard lock(mutex_);
    cluster_.Disconnected(incarnation, clock_.Now());
    deadline_wake_.notify_all();
    heartbeats_.Retry();
  });
  absl::Status alive;
  {
    std::lock_guard lock(mutex_);
    alive = cluster_.Renew(incarnation, clock_.Now());
  }
  if (!alive.ok()) {
    reactor->Finish(ToGrpc(alive));
    return reactor;
  }
  const auto third = milliseconds(absl::ToInt64Milliseconds(options_.cluster.membership.lease / 3));
  heartbeats_.Park(AnswerBy(context->deadline(), third), [=, this](bool last) {
    if (context->IsCancelled()) {
      reactor->Finish(grpc::Status::CANCELLED);
      return true;
    }
    std::unique_lock lock(mutex_);
    auto answer = cluster_.Assignments(incarnation, request->seen_change(), clock_.Now());
    lock.unlock();
    if (answer.ok() && !answer->has_value() && !last) return false;
    if (answer.ok() && answer->has_value()) *response = **std::move(answer);
    if (answer.ok() && !answer->has_value()) response->set_unchanged(true);
    reactor->Finish(ToGrpc(answer.status()));
    return true;
  });
  return reactor;
}

SchedulerService::Reactor* SchedulerService::Leave(Context* context, const v1::LeaveRequest* request,
                                                   v1::LeaveResponse*) {
  return Serve(context, [&](absl::Duration now) {
    cluster_.Leave(request->incarnation(), now);
    deadline_wake_.notify_all();
    return absl::OkStatus();
  });
}

SchedulerService::Reactor* SchedulerService::ReportPrepared(Context* context, const v1::ReportPreparedRequest* request,
                                                            v1::ReportPreparedResponse* response) {
  return Serve(context, [&](absl::Duration now) -> absl::Status {
    auto job = cluster_.Running(request->job_id());
    if (!job.ok()) return job.status();
    auto answer = (*job)->Prepared(*request, now);
    if (answer.ok()) *response = *answer;
    return answer.status();
  });
}

grpc::ServerReadReactor<v1::AssetChunk>* SchedulerService::UploadAssets(Context* context, v1::UploadAssetsResponse*) {
  return new UploadReactor([this](AssetUpload upload) { return FinishUpload(std::move(upload)); });
}

absl::Status SchedulerService::FinishUpload(AssetUpload upload) {
  std::lock_guard lock(mutex_);
  auto job = cluster_.Running(upload.job_id());
  if (!job.ok()) return job.status();
  if (!(*job)->TakesPart(upload.incarnation())) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_INCARNATION, "only members of a job can give it a vocabulary");
  }
  Assets& assets = assets_[upload.job_id()] = upload.TakeAssets();
  labels_[upload.job_id()] = LabelsOf(assets);
  (*job)->AssetsUploaded(clock_.Now());
  Changed();
  return absl::OkStatus();
}

SchedulerService::Reactor* SchedulerService::ReportReady(Context* context, const v1::ReportReadyRequest* request,
                                                         v1::ReportReadyResponse*) {
  return Serve(context, [&](absl::Duration now) -> absl::Status {
    auto job = cluster_.Running(request->job_id());
    return job.ok() ? (*job)->ServerReady(*request, now) : job.status();
  });
}

SchedulerService::Reactor* SchedulerService::ReportShardSaved(Context* context,
                                                              const v1::ReportShardSavedRequest* request,
                                                              v1::ReportShardSavedResponse*) {
  return Serve(context, [&](absl::Duration now) -> absl::Status {
    auto job = cluster_.Running(request->job_id());
    return job.ok() ? (*job)->ShardSaved(*request, now) : job.status();
  });
}

SchedulerService::Reactor* SchedulerService::CombineNorms(Context* context, const v1::CombineNormsRequest* request,
                                                          v1::CombineNormsResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  const auto attempt = [=, this](bool last) {
    if (context->IsCancelled()) {
      reactor->Finish(grpc::Status::CANCELLED);
      return true;
    }
    std::unique_lock lock(mutex_);
    auto job = cluster_.Running(request->job_id());
    auto answer = job.ok() ? (*job)->CombineNorms(*request)
                           : absl::StatusOr<std::optional<v1::CombineNormsResponse>>(job.status());
    const std::string waiting_for = job.ok() ? (*job)->WaitingFor() : "";
    lock.unlock();
    if (answer.ok() && !answer->has_value() && !last) return false;
    if (answer.ok() && answer->has_value()) *response = **std::move(answer);
    reactor->Finish(answer.ok() && !answer->has_value()
                        ? ToGrpc(DetailedError(v1::ErrorDetail::NOT_READY, absl::StrCat("waits for ", waiting_for)))
                        : ToGrpc(answer.status()));
    return true;
  };
  // The last server's sums answer the others' calls.
  if (attempt(false)) {
    norms_.Retry();
  } else {
    norms_.Park(AnswerBy(context->deadline(), kLongestWait), attempt);
  }
  return reactor;
}

SchedulerService::Reactor* SchedulerService::ReportFailure(Context* context, const v1::ReportFailureRequest* request,
                                                           v1::ReportFailureResponse*) {
  return Serve(context, [&](absl::Duration now) -> absl::Status {
    auto job = cluster_.Running(request->job_id());
    if (!job.ok()) return job.status();
    const Membership::Member* member = cluster_.members().Find(request->incarnation());
    if (member == nullptr || !(*job)->TakesPart(request->incarnation())) {
      return DetailedError(v1::ErrorDetail::UNKNOWN_INCARNATION, "only members of a job can fail it");
    }
    (*job)->Fail(absl::StrCat(member->node.name(), ": ", request->message()), now);
    return absl::OkStatus();
  });
}

SchedulerService::Reactor* SchedulerService::LeaseUnits(Context* context, const v1::LeaseUnitsRequest* request,
                                                        v1::LeaseUnitsResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  absl::Status taken;
  {
    std::lock_guard lock(mutex_);
    auto job = cluster_.Running(request->job_id());
    taken = job.ok() ? (*job)->TakeResults(*request, clock_.Now()) : job.status();
    if (taken.ok()) response->set_state((*job)->state());
    if (request->done_size() > 0 || request->returned_size() > 0) Changed();
  }
  if (!taken.ok() || request->hold_at_most() == 0) {
    reactor->Finish(ToGrpc(taken));
    return reactor;
  }
  leases_.Park(AnswerBy(context->deadline(), kLongestWait), [=, this](bool last) {
    if (context->IsCancelled()) {
      reactor->Finish(grpc::Status::CANCELLED);
      return true;
    }
    std::unique_lock lock(mutex_);
    auto job = cluster_.Running(request->job_id());
    auto answer = job.ok() ? cluster_.Lease(**job, request->incarnation(), request->hold_at_most()) : job.status();
    lock.unlock();
    if (answer.ok() && answer->leases().empty() && !last) return false;
    if (answer.ok()) *response = *std::move(answer);
    reactor->Finish(ToGrpc(answer.status()));
    return true;
  });
  return reactor;
}

void SchedulerService::WatchDeadlines() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const absl::Duration now = clock_.Now();
    const absl::Duration wait = std::max(cluster_.NextDeadline(now) - now, absl::Milliseconds(1));
    deadline_wake_.wait_for(lock, absl::ToChronoMilliseconds(wait) + milliseconds(1));
    if (stopped_) return;
    const auto deaths = cluster_.Tick(clock_.Now());
    for (const auto& death : deaths) {
      Log(death.left ? Severity::kInfo : Severity::kWarn,
          death.left ? std::string("node left") : absl::StrCat("node died: ", death.reason),
          {{"peer", death.node.name()}, {"address", death.node.address()}});
    }
    const uint64_t change = cluster_.AssignmentChange();
    if (!deaths.empty() || change != woken_change_) Changed();
  }
}

void SchedulerService::CompleteCheckpoints() {
  std::unique_lock lock(mutex_);
  while (true) {
    auto next = cluster_.TakeCheckpoint();
    if (!next) {
      if (stopped_) return;
      checkpoint_wake_.wait_for(lock, std::chrono::seconds(1));
      continue;
    }
    const auto& [job_id, checkpoint] = *next;
    auto job = cluster_.Find(job_id);
    if (!job.ok()) continue;
    const std::string output = (*job)->spec().output;
    const Assets assets = assets_[job_id];
    lock.unlock();
    auto hash = CompleteCheckpoint(files_, output, checkpoint, assets);
    Log(hash.ok() ? Severity::kInfo : Severity::kWarn,
        hash.ok() ? absl::StrCat("checkpoint ", checkpoint.name, " written")
                  : absl::StrCat("checkpoint ", checkpoint.name, " failed: ", hash.status().message()),
        {{"job", job_id}, {"epoch", checkpoint.manifest.progress().epoch()}});
    lock.lock();
    job = cluster_.Find(job_id);
    if (job.ok()) (*job)->CheckpointFinished(checkpoint.folder, hash.status(), hash.ok() ? *hash : "", clock_.Now());
    Changed();
  }
}

}  // namespace pumasi
