// SchedulerService's calls for nodes: membership, reports, and work.
#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/authorize.h"
#include "common/error_detail.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/rpc_error.h"
#include "scheduler/heartbeat_reactor.h"
#include "scheduler/service.h"
#include "scheduler/upload_reactor.h"

namespace pumasi {
namespace {

using std::chrono::milliseconds;

// While a restarted scheduler hears its workers: to a worker whose call is kept, it is still away.
constexpr milliseconds kHearingWait{100};

// Of gRPC's name for a peer, "ipv4:10.0.0.5:43210": without the port.
std::string HostOf(const std::string& peer) {
  return absl::StartsWith(peer, "unix") ? "unix" : peer.substr(0, peer.rfind(':'));
}

}  // namespace

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
    if (absl::Status status = cluster_.Register(node, now, HostOf(context->peer())); !status.ok()) return status;
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
  absl::Status alive;
  uint64_t number;
  {
    std::lock_guard lock(mutex_);
    alive = cluster_.Renew(incarnation, time_.Now());
    number = next_heartbeat_++;
    if (alive.ok()) latest_heartbeat_[incarnation] = number;
  }
  auto* reactor = new HeartbeatReactor([this, incarnation, number] {
    std::lock_guard lock(mutex_);
    // The end of an old connection may be noticed after the node came back on another one.
    const auto latest = latest_heartbeat_.find(incarnation);
    if (latest == latest_heartbeat_.end() || latest->second != number) return;
    latest_heartbeat_.erase(latest);
    cluster_.Disconnected(incarnation, time_.Now());
    deadline_wake_.notify_all();
    heartbeats_.Retry();
  });
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
    auto answer = cluster_.Assignments(incarnation, request->seen_change(), time_.Now());
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
  if (absl::Status status = PUMASI_FAILPOINT("scheduler.assets.received"); !status.ok()) return status;
  std::lock_guard lock(mutex_);
  auto job = cluster_.Running(upload.job_id());
  if (!job.ok()) return job.status();
  if (!(*job)->TakesPart(upload.incarnation())) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_INCARNATION, "only members of a job can give it a vocabulary");
  }
  Assets assets = upload.TakeAssets();
  StoreBatch batch;
  for (const auto& [name, contents] : assets) batch.Put(AssetPrefix(upload.job_id()) + name, contents);
  if (absl::Status status = store_.Commit(batch, Durability::kSynced); !status.ok()) {
    return DetailedError(v1::ErrorDetail::NOT_DURABLE,
                         absl::StrCat("the vocabulary could not be stored: ", std::string(status.message())));
  }
  labels_[upload.job_id()] = LabelsOf(assets);
  assets_[upload.job_id()] = std::move(assets);
  (*job)->AssetsUploaded(time_.Now());
  return Changed();
}

SchedulerService::Reactor* SchedulerService::ReportReady(Context* context, const v1::ReportReadyRequest* request,
                                                         v1::ReportReadyResponse*) {
  return Serve(context, [&](absl::Duration now) -> absl::Status {
    auto job = cluster_.Running(request->job_id());
    return job.ok() ? (*job)->ServerReady(*request, now) : job.status();
  });
}

SchedulerService::Reactor* SchedulerService::ReportFilled(Context* context, const v1::ReportFilledRequest* request,
                                                          v1::ReportFilledResponse*) {
  return Serve(context, [&](absl::Duration now) -> absl::Status {
    auto job = cluster_.Running(request->job_id());
    return job.ok() ? (*job)->Filled(*request, now) : job.status();
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

template <typename Request, typename Response, typename Event>
SchedulerService::Reactor* SchedulerService::Together(Context* context, const Request* request, Response* response,
                                                      const Event& event) {
  Reactor* reactor = context->DefaultReactor();
  const auto attempt = [=, this](bool last) {
    if (context->IsCancelled()) {
      reactor->Finish(grpc::Status::CANCELLED);
      return true;
    }
    std::unique_lock lock(mutex_);
    auto job = cluster_.Running(request->job_id());
    auto answer = job.ok() ? event(**job) : absl::StatusOr<std::optional<Response>>(job.status());
    const std::string waiting_for = job.ok() ? (*job)->WaitingFor() : "";
    // A server that was told the norm applies the batch: nobody could make up the answer again.
    const bool nothing = answer.ok() && !answer->has_value();
    const absl::Status told = Told(answer.status(), nothing ? absl::OkStatus() : Commit());
    lock.unlock();
    if (told != answer.status()) {
      if (!last) return false;
      answer = told;
    }
    if (answer.ok() && !answer->has_value() && !last) return false;
    if (answer.ok() && answer->has_value()) *response = **std::move(answer);
    reactor->Finish(answer.ok() && !answer->has_value()
                        ? ToGrpc(DetailedError(v1::ErrorDetail::NOT_READY, absl::StrCat("waits for ", waiting_for)))
                        : ToGrpc(answer.status()));
    return true;
  };
  // The last one's call answers the others'.
  if (attempt(false)) {
    together_.Retry();
  } else {
    together_.Park(AnswerBy(context->deadline(), kLongestWait), attempt);
  }
  return reactor;
}

SchedulerService::Reactor* SchedulerService::CombineNorms(Context* context, const v1::CombineNormsRequest* request,
                                                          v1::CombineNormsResponse* response) {
  return Together(context, request, response, [request](JobRun& job) { return job.CombineNorms(*request); });
}

SchedulerService::Reactor* SchedulerService::MeetGroup(Context* context, const v1::MeetGroupRequest* request,
                                                       v1::MeetGroupResponse* response) {
  return Together(context, request, response, [request](JobRun& job) { return job.MeetGroup(*request); });
}

SchedulerService::Reactor* SchedulerService::ReportFailure(Context* context, const v1::ReportFailureRequest* request,
                                                           v1::ReportFailureResponse*) {
  return Serve(context, [&](absl::Duration now) -> absl::Status {
    auto job = cluster_.Running(request->job_id());
    return job.ok() ? (*job)->NodeFailed(*request, now) : job.status();
  });
}

SchedulerService::Reactor* SchedulerService::ReportUse(Context* context, const v1::ReportUseRequest* request,
                                                       v1::ReportUseResponse*) {
  Reactor* reactor = context->DefaultReactor();
  absl::Status status;
  {
    // Nobody waits for it, and it is in no record. The last report may come when the job is done.
    std::lock_guard lock(mutex_);
    auto job = cluster_.Find(request->job_id());
    const Membership::Member* member = cluster_.members().Find(request->incarnation());
    if (!job.ok()) {
      status = job.status();
    } else if (member == nullptr || !(*job)->TakesPart(request->incarnation())) {
      status = DetailedError(v1::ErrorDetail::UNKNOWN_INCARNATION, "only members of a job can tell of its time");
    } else {
      // A worker that holds slots tells of its own time with its results, and here of what it does as a server.
      v1::Node server = member->node;
      server.set_role(v1::ROLE_SERVER);
      (*job)->profile().Add(server, request->time(), time_.Now());
    }
  }
  reactor->Finish(ToGrpc(status));
  return reactor;
}

SchedulerService::Reactor* SchedulerService::LeaseUnits(Context* context, const v1::LeaseUnitsRequest* request,
                                                        v1::LeaseUnitsResponse* response) {
  Reactor* reactor = context->DefaultReactor();
  absl::Status taken = PUMASI_FAILPOINT("scheduler.results.received");
  auto longest = kLongestWait;
  if (taken.ok()) {
    std::lock_guard lock(mutex_);
    auto job = cluster_.Running(request->job_id());
    const uint64_t before = job.ok() ? (*job)->work_change() : 0;
    taken = job.ok() ? (*job)->TakeResults(*request, time_.Now()) : job.status();
    if (taken.ok()) response->set_state((*job)->state());
    if (job.ok() && (*job)->hearing()) longest = kHearingWait;
    const bool changed = job.ok() && (*job)->work_change() != before;
    absl::Status kept = changed ? Changed() : taken.ok() ? absl::OkStatus() : Commit();
    taken = Told(std::move(taken), std::move(kept));
  }
  if (taken.ok()) taken = PUMASI_FAILPOINT("scheduler.results.taken");
  if (!taken.ok() || request->hold_at_most() == 0) {
    reactor->Finish(ToGrpc(taken));
    return reactor;
  }
  leases_.Park(AnswerBy(context->deadline(), longest), [=, this](bool last) {
    if (context->IsCancelled()) {
      reactor->Finish(grpc::Status::CANCELLED);
      return true;
    }
    std::unique_lock lock(mutex_);
    auto job = cluster_.Running(request->job_id());
    auto answer =
        job.ok() ? cluster_.Lease(**job, request->incarnation(), request->hold_at_most(), time_.Now()) : job.status();
    if (answer.ok() && answer->leases().empty() && !last) return false;
    // Leases that nobody hears of go back: the worker's next call does not name them.
    const bool nothing = answer.ok() && answer->leases().empty();
    absl::Status told = Told(answer.status(), nothing ? absl::OkStatus() : Commit());
    if (!told.ok()) answer = std::move(told);
    lock.unlock();
    if (answer.ok()) {
      if (absl::Status status = PUMASI_FAILPOINT("scheduler.leases.given"); !status.ok()) answer = status;
    }
    if (answer.ok()) *response = *std::move(answer);
    reactor->Finish(ToGrpc(answer.status()));
    return true;
  });
  return reactor;
}

}  // namespace pumasi
