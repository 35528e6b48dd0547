#include "server/service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/log.h"
#include "common/rpc_error.h"
#include "common/wire/value_wire.h"
#include "server/slot_stream.h"

namespace pumasi {
namespace {

// Callers ask again, so a call need not be kept longer.
constexpr std::chrono::milliseconds kLongestWait{30000};

grpc::ServerUnaryReactor* Malformed(grpc::CallbackServerContext* context, const google::protobuf::Message& message) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(
      ToGrpc(DetailedError(v1::ErrorDetail::MALFORMED, absl::StrCat("the request is no ", message.GetTypeName()))));
  return reactor;
}

}  // namespace

ParameterServerService::ParameterServerService(Hosting::Options options, const HostedJob::Around& around)
    : options_(std::move(options)), around_(around) {}

ParameterServerService::~ParameterServerService() { Stop(); }

void ParameterServerService::SetAssignments(uint64_t incarnation, const std::vector<v1::Assignment>& assignments) {
  // Jobs are destroyed without the lock: that waits for their threads.
  std::map<std::string, std::shared_ptr<HostedJob>> dropped;
  {
    std::lock_guard lock(mutex_);
    dropped.swap(jobs_);
    for (const v1::Assignment& assignment : assignments) {
      const auto known = dropped.find(assignment.job_id());
      if (known != dropped.end() && incarnation == incarnation_) {
        known->second->Update(assignment);
        jobs_.insert(dropped.extract(known));
        continue;
      }
      Hosting::Options options = options_;
      options.incarnation = incarnation;
      jobs_[assignment.job_id()] =
          std::make_shared<HostedJob>(options, assignment, around_, [this] { waiting_.Retry(); });
    }
    incarnation_ = incarnation;
  }
  for (const auto& [job_id, job] : dropped) Log(Severity::kInfo, "job dropped", {{"job", job_id}});
  waiting_.Retry();
}

absl::StatusOr<std::shared_ptr<HostedJob>> ParameterServerService::Find(const std::string& job_id) {
  std::lock_guard lock(mutex_);
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat(options_.node, " has no job ", job_id));
  }
  return job->second;
}

grpc::ServerUnaryReactor* ParameterServerService::Answer(Context* context, const std::string& job_id,
                                                         const Call& call) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto attempt = [=, this](bool last) {
    if (context->IsCancelled()) {
      reactor->Finish(grpc::Status::CANCELLED);
      return true;
    }
    auto job = Find(job_id);
    const absl::Status status = job.ok() ? call(**job) : job.status();
    const auto reason = ReasonOf(status);
    const bool wait = reason == v1::ErrorDetail::NOT_READY || reason == v1::ErrorDetail::UNAVAILABLE;
    if (wait && !last) return false;
    reactor->Finish(ToGrpc(status));
    return true;
  };
  // Most often nothing has to be waited for: then no thread is woken for it.
  if (!attempt(false) && !waiting_.TryPark(AnswerBy(context->deadline(), kLongestWait), attempt)) {
    reactor->Finish(ToGrpc(DetailedError(v1::ErrorDetail::OVER_LIMIT,
                                         absl::StrCat(options_.node, " keeps as many waiting calls as it may"))));
  }
  return reactor;
}

grpc::ServerUnaryReactor* ParameterServerService::Pull(Context* context, const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  auto pull = std::make_shared<v1::PullRequest>();
  if (!ParseMessage(*request, pull.get())) return Malformed(context, *pull);
  const absl::Duration received = around_.clock.Now();
  return Answer(context, pull->header().job_id(), [pull, received, response](HostedJob& job) {
    OutgoingPull answer;
    absl::Status status = job.Pull(*pull, &answer);
    if (!status.ok()) return status;
    job.Answered(*pull, received, answer.head.mutable_time());
    *response = ToWire(std::move(answer));
    if (response->Valid()) return status;
    return DetailedError(v1::ErrorDetail::OVER_LIMIT, "the values asked for pass 2 GiB: ask for fewer rows at a time");
  });
}

grpc::ServerUnaryReactor* ParameterServerService::Push(Context* context, const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  // The values stay in `request`, which lives until the answer.
  struct Arrived {
    v1::PushRequest push;
    ArrivedValues values;
  };
  auto arrived = std::make_shared<Arrived>();
  if (!FromWire(*request, &arrived->push, &arrived->values).ok()) return Malformed(context, arrived->push);
  return Answer(context, arrived->push.header().job_id(), [arrived, response](HostedJob& job) {
    v1::PushResponse answer;
    const absl::Status status = job.Push(arrived->push, arrived->values, &answer);
    if (status.ok()) *response = MessageBytes(answer);
    return status;
  });
}

grpc::ServerWriteReactor<v1::SlotPiece>* ParameterServerService::FetchSlot(Context*,
                                                                           const v1::FetchSlotRequest* request) {
  const auto job = Find(request->header().job_id());
  return SendSlot(job.ok() ? (*job)->FetchSlot(*request) : job.status());
}

}  // namespace pumasi
