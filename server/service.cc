#include "server/service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/local/local_server.h"
#include "common/log.h"
#include "common/rpc_error.h"
#include "common/wire/value_wire.h"
#include "server/slot_stream.h"

namespace pumasi {
namespace {

// Callers ask again, so a call need not be kept longer.
constexpr std::chrono::milliseconds kLongestWait{30000};
// For the threads of jobs that are dropped: the caller's next heartbeat is due.
constexpr std::chrono::milliseconds kEndPatience{1000};

grpc::Status Malformed(const google::protobuf::Message& message) {
  return ToGrpc(DetailedError(v1::ErrorDetail::MALFORMED, absl::StrCat("the request is no ", message.GetTypeName())));
}

class RemoteCall final : public IncomingCall {
 public:
  RemoteCall(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request, grpc::ByteBuffer* response)
      : context_(*context), reactor_(*context->DefaultReactor()), request_(*request), response_(*response) {}
  grpc::ServerUnaryReactor* reactor() const { return &reactor_; }

  const grpc::ByteBuffer& request() const override { return request_; }
  grpc::ByteBuffer* response() override { return &response_; }
  Parking::TimePoint AnswerBy(std::chrono::milliseconds longest) const override {
    return pumasi::AnswerBy(context_.deadline(), longest);
  }
  bool IsCancelled() const override { return context_.IsCancelled(); }
  void Finish(const grpc::Status& status) override { reactor_.Finish(status); }

 private:
  grpc::CallbackServerContext& context_;
  grpc::ServerUnaryReactor& reactor_;
  const grpc::ByteBuffer& request_;
  grpc::ByteBuffer& response_;
};

class CallThroughMemory final : public IncomingCall {
 public:
  explicit CallThroughMemory(std::shared_ptr<LocalRequest> request) : request_(std::move(request)) {}
  const grpc::ByteBuffer& request() const override { return request_->bytes(); }
  grpc::ByteBuffer* response() override { return request_->response(); }
  Parking::TimePoint AnswerBy(std::chrono::milliseconds longest) const override {
    return pumasi::AnswerBy(request_->deadline(), longest);
  }
  bool IsCancelled() const override { return request_->IsCancelled(); }
  void Finish(const grpc::Status& status) override { request_->Finish(status); }

 private:
  const std::shared_ptr<LocalRequest> request_;
};

}  // namespace

ParameterServerService::ParameterServerService(Hosting::Options options, const HostedJob::Around& around)
    : options_(std::move(options)), around_(around) {}

ParameterServerService::~ParameterServerService() { Stop(); }

void ParameterServerService::SetAssignments(uint64_t incarnation, const std::vector<v1::Assignment>& assignments) {
  // Jobs come to their end without the lock: that waits for their threads.
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
  for (auto& [job_id, job] : dropped) {
    reaper_.End(
        job_id, [job = std::move(job)]() mutable { job.reset(); }, kEndPatience);
  }
}

void ParameterServerService::AddMetrics(MetricSet* metrics) {
  std::vector<std::shared_ptr<HostedJob>> jobs;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [job_id, job] : jobs_) jobs.push_back(job);
  }
  for (const auto& job : jobs) job->AddMetrics(metrics);
}

absl::StatusOr<std::shared_ptr<HostedJob>> ParameterServerService::Find(const std::string& job_id) {
  std::lock_guard lock(mutex_);
  const auto job = jobs_.find(job_id);
  if (job == jobs_.end()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat(options_.node, " has no job ", job_id));
  }
  return job->second;
}

void ParameterServerService::Answer(const Incoming& call, const std::string& job_id, const Serve& serve) {
  const auto attempt = [=, this](bool last) {
    if (call->IsCancelled()) {
      call->Finish(grpc::Status::CANCELLED);
      return true;
    }
    auto job = Find(job_id);
    const absl::Status status = job.ok() ? serve(**job) : job.status();
    const auto reason = ReasonOf(status);
    const bool wait = reason == v1::ErrorDetail::NOT_READY || reason == v1::ErrorDetail::UNAVAILABLE;
    if (wait && !last) return false;
    call->Finish(ToGrpc(status));
    return true;
  };
  // Most often nothing has to be waited for: then no thread is woken for it.
  if (!attempt(false) && !waiting_.TryPark(call->AnswerBy(kLongestWait), attempt)) {
    call->Finish(ToGrpc(DetailedError(v1::ErrorDetail::OVER_LIMIT,
                                      absl::StrCat(options_.node, " keeps as many waiting calls as it may"))));
  }
}

void ParameterServerService::Pull(const Incoming& call) {
  auto pull = std::make_shared<v1::PullRequest>();
  if (!ParseMessage(call->request(), pull.get())) return call->Finish(Malformed(*pull));
  const absl::Duration received = around_.clock.Now();
  Answer(call, pull->header().job_id(), [pull, received, response = call->response()](HostedJob& job) {
    OutgoingPull answer;
    absl::Status status = job.Pull(*pull, &answer);
    if (!status.ok()) return status;
    job.Answered(*pull, received, answer.head.mutable_time());
    *response = ToWire(std::move(answer));
    if (response->Valid()) return status;
    return DetailedError(v1::ErrorDetail::OVER_LIMIT, "the values asked for pass 2 GiB: ask for fewer rows at a time");
  });
}

void ParameterServerService::Push(const Incoming& call) {
  // The values stay in the request, which lives until the answer.
  struct Arrived {
    v1::PushRequest push;
    ArrivedValues values;
  };
  auto arrived = std::make_shared<Arrived>();
  if (!FromWire(call->request(), &arrived->push, &arrived->values).ok()) return call->Finish(Malformed(arrived->push));
  Answer(call, arrived->push.header().job_id(), [arrived, response = call->response()](HostedJob& job) {
    v1::PushResponse answer;
    const absl::Status status = job.Push(arrived->push, arrived->values, &answer);
    if (status.ok()) *response = MessageBytes(answer);
    return status;
  });
}

grpc::ServerUnaryReactor* ParameterServerService::Pull(Context* context, const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  const auto call = std::make_shared<RemoteCall>(context, request, response);
  grpc::ServerUnaryReactor* const reactor = call->reactor();
  Pull(call);
  return reactor;
}

grpc::ServerUnaryReactor* ParameterServerService::Push(Context* context, const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  const auto call = std::make_shared<RemoteCall>(context, request, response);
  grpc::ServerUnaryReactor* const reactor = call->reactor();
  Push(call);
  return reactor;
}

void ParameterServerService::ServeLocal(std::shared_ptr<LocalRequest> request) {
  const uint32_t method = request->method();
  ServeCall(method, std::make_shared<CallThroughMemory>(std::move(request)));
}

void ParameterServerService::ServeCall(uint32_t method, const Incoming& call) {
  if (method == v1::LOCAL_METHOD_PULL) return Pull(call);
  if (method == v1::LOCAL_METHOD_PUSH) return Push(call);
  call->Finish({grpc::StatusCode::UNIMPLEMENTED, absl::StrCat("there is no method ", method, " but over gRPC")});
}

grpc::ServerUnaryReactor* ParameterServerService::OpenLocal(Context* context, const v1::OpenLocalRequest* request,
                                                            v1::OpenLocalResponse* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  if (local_ == nullptr || request->version() != v1::OpenLocalRequest::CURRENT) {
    reactor->Finish({grpc::StatusCode::UNIMPLEMENTED, "no shared memory, or none of this version"});
    return reactor;
  }
  response->set_name(local_->name());
  response->set_token(local_->NewToken());
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerWriteReactor<v1::SlotPiece>* ParameterServerService::FetchSlot(Context*,
                                                                           const v1::FetchSlotRequest* request) {
  const auto job = Find(request->header().job_id());
  return SendSlot(job.ok() ? (*job)->FetchSlot(*request) : job.status());
}

}  // namespace pumasi
