#include "common/rpc/node_agent.h"

#include <grpcpp/grpcpp.h>

#include <random>
#include <utility>

#include "common/failpoint.h"
#include "common/log.h"
#include "common/retry.h"
#include "common/rpc_error.h"
#include "proto/scheduler.grpc.pb.h"

namespace pumasi {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kRegisterDeadline{2000};

bool IsDead(const grpc::Status& status) { return ReasonOf(status) == v1::ErrorDetail::STALE_INCARNATION; }

}  // namespace

uint64_t RandomIncarnation() {
  std::random_device device;
  const uint64_t number = (uint64_t{device()} << 32) | device();
  return number == 0 ? 1 : number;
}

NodeAgent::NodeAgent(std::shared_ptr<grpc::Channel> scheduler, Options options, OnAssignments on_assignments,
                     OnLost on_lost)
    : scheduler_(std::move(scheduler)),
      stub_(v1::Scheduler::NewStub(scheduler_)),
      options_(std::move(options)),
      on_assignments_(std::move(on_assignments)),
      on_lost_(std::move(on_lost)),
      incarnation_(RandomIncarnation()) {}

NodeAgent::~NodeAgent() { Stop(); }

void NodeAgent::Start() {
  last_contact_ = Steady::now();
  thread_ = std::thread([this] { Run(); });
}

void NodeAgent::Stop(milliseconds deadline) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    if (current_ != nullptr) current_->TryCancel();
    stopped_changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  v1::LeaveRequest request;
  request.set_incarnation(incarnation_);
  v1::LeaveResponse response;
  (void)stub_->Leave(&context, request, &response);  // silence says the same, only later
}

void NodeAgent::Renew() {
  renew_ = true;
  std::lock_guard lock(mutex_);
  if (current_ != nullptr) current_->TryCancel();
}

template <typename Call>
auto NodeAgent::Cancellable(milliseconds deadline, Call call) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return grpc::Status(grpc::StatusCode::CANCELLED, "stopping");
    current_ = &context;
  }
  grpc::Status status = call(context);
  std::lock_guard lock(mutex_);
  current_ = nullptr;
  return status;
}

bool NodeAgent::Pause(milliseconds time) {
  std::unique_lock lock(mutex_);
  return stopped_changed_.wait_for(lock, time, [this] { return stopped_; });
}

void NodeAgent::Lost(const std::string& why) {
  Log(Severity::kError, why);
  on_lost_(why);
}

bool NodeAgent::Register() {
  v1::RegisterRequest request;
  *request.mutable_node() = options_.node;
  request.mutable_node()->set_incarnation(incarnation_);
  v1::RegisterResponse response;
  if (!PUMASI_FAILPOINT("node.register.sent").ok()) return false;
  const grpc::Status status = Cancellable(
      kRegisterDeadline, [&](grpc::ClientContext& context) { return stub_->Register(&context, request, &response); });
  if (status.ok()) {
    if (!PUMASI_FAILPOINT("node.register.answered").ok()) return false;
    lease_ = milliseconds(static_cast<int64_t>(response.lease_seconds() * 1000));
    last_contact_ = Steady::now();
    seen_change_ = 0;
    Log(Severity::kInfo, "registered",
        {{"scheduler", options_.scheduler_address}, {"incarnation", incarnation_.load()}});
    return true;
  }
  if (IsDead(status)) renew_ = true;
  if (status.error_code() != grpc::StatusCode::CANCELLED) {
    Log(Severity::kWarn, "cannot register yet",
        {{"scheduler", options_.scheduler_address}, {"error", status.error_message()}});
  }
  return false;
}

bool NodeAgent::Heartbeat() {
  v1::HeartbeatRequest request;
  request.set_incarnation(incarnation_);
  request.set_seen_change(seen_change_);
  v1::HeartbeatResponse response;
  if (!PUMASI_FAILPOINT("node.heartbeat.sent").ok()) return false;
  const grpc::Status status =
      Cancellable(lease_, [&](grpc::ClientContext& context) { return stub_->Heartbeat(&context, request, &response); });
  if (status.ok()) {
    if (!PUMASI_FAILPOINT("node.heartbeat.answered").ok()) return false;
    last_contact_ = Steady::now();
    if (!response.unchanged()) {
      seen_change_ = response.change();
      on_assignments_(incarnation_, {response.assignments().begin(), response.assignments().end()});
    }
    return true;
  }
  if (IsDead(status)) {
    renew_ = true;
    return true;
  }
  // A scheduler that came back without its memory: it is told again who is there, and what runs here goes on until it
  // says otherwise.
  if (ReasonOf(status) == v1::ErrorDetail::UNKNOWN_INCARNATION) registered_ = false;
  return false;
}

void NodeAgent::Run() {
  Backoff backoff({.longest = absl::Seconds(1)});
  std::minstd_rand jitter(static_cast<unsigned>(incarnation_));
  while (true) {
    if (renew_.exchange(false)) {
      Log(Severity::kWarn, "declared dead; registering anew", {{"incarnation", incarnation_.load()}});
      on_assignments_(incarnation_, {});
      incarnation_ = RandomIncarnation();
      registered_ = false;
    }
    const bool ok = registered_ ? Heartbeat() : (registered_ = Register());
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return;
    }
    if (ok) {
      backoff.Reset();
      continue;
    }
    const auto silent = std::chrono::duration_cast<milliseconds>(Steady::now() - last_contact_);
    if (options_.scheduler_timeout.count() > 0 && silent > options_.scheduler_timeout) {
      Lost("the scheduler at " + options_.scheduler_address + " did not answer for " + std::to_string(silent.count()) +
           " ms");
      return;
    }
    if (Pause(absl::ToChronoMilliseconds(backoff.Next(jitter())))) return;
  }
}

}  // namespace pumasi
