#include "member/own_slots.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "common/error_detail.h"
#include "common/rpc_error.h"
#include "common/wire/value_wire.h"
#include "member/holding.h"
#include "worker/exchange/server_link.h"

namespace pumasi {
namespace {

constexpr std::chrono::seconds kLong{20};

v1::Assignment Holding(const std::string& job, const std::vector<uint64_t>& holders) {
  v1::Assignment assignment;
  assignment.set_job_id(job);
  for (const uint64_t holder : holders) assignment.mutable_layout()->add_servers()->set_incarnation(holder);
  return assignment;
}

// One call, and how it ended.
struct Outcome {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<grpc::Status> status;

  absl::Status Wait() {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, kLong, [this] { return status.has_value(); }));
    return ToAbsl(*status);
  }
};

std::shared_ptr<ServerCall> Call(ServerLink& link, v1::LocalMethod method, grpc::ByteBuffer request, Outcome& outcome) {
  auto call = std::make_shared<ServerCall>();
  call->request.Swap(&request);
  link.Call(method, call, kLong, [&outcome](const grpc::Status& status) {
    std::lock_guard lock(outcome.mutex);
    outcome.status = status;
    outcome.changed.notify_all();
  });
  return call;
}

TEST_CASE("Of a worker's assignments those make it hold slots whose layout names it") {
  CHECK(HoldingAssignments(7, {}).empty());
  const auto holding =
      HoldingAssignments(7, {Holding("servers", {1, 2}), Holding("members", {1, 7}), Holding("no", {})});
  REQUIRE(holding.size() == 1);
  CHECK(holding[0].job_id() == "members");
}

TEST_CASE(
    "Own slots are called without a connection: errors come back with their reasons, waiting ends when cancelled") {
  // Nobody is there; tables that are never asked for need no scheduler.
  const auto scheduler =
      v1::Scheduler::NewStub(grpc::CreateChannel("unix:/nowhere/at/all", grpc::InsecureChannelCredentials()));
  SlotServer::Options options;
  options.node = "w1";
  options.output_root = "/nowhere";
  options.max_message = 1 << 20;
  OwnSlots slots(options, *scheduler);
  const auto link = std::make_shared<ServerLink>(slots);

  v1::PullRequest pull;
  pull.mutable_header()->set_job_id("job");
  Outcome unknown, waiting, malformed, no_method;
  Call(*link, v1::LOCAL_METHOD_PULL, MessageBytes(pull), unknown);
  CHECK(ReasonOf(unknown.Wait()) == v1::ErrorDetail::UNKNOWN_JOB);
  Call(*link, v1::LOCAL_METHOD_UNSPECIFIED, MessageBytes(pull), no_method);
  CHECK(absl::IsUnimplemented(no_method.Wait()));
  const grpc::Slice nonsense("\xff\xff\xff\xff");
  Call(*link, v1::LOCAL_METHOD_PULL, grpc::ByteBuffer(&nonsense, 1), malformed);
  CHECK(ReasonOf(malformed.Wait()) == v1::ErrorDetail::MALFORMED);

  // A job without tables yet keeps its calls waiting.
  slots.SetAssignments(7, {Holding("job", {7})});
  const auto call = Call(*link, v1::LOCAL_METHOD_PULL, MessageBytes(pull), waiting);
  call->TryCancel();
  CHECK(absl::IsCancelled(waiting.Wait()));

  // Another incarnation does not know the job.
  Outcome dropped;
  Call(*link, v1::LOCAL_METHOD_PULL, MessageBytes(pull), dropped);
  slots.SetAssignments(8, {Holding("job", {7})});
  CHECK(ReasonOf(dropped.Wait()) == v1::ErrorDetail::UNKNOWN_JOB);
}

}  // namespace
}  // namespace pumasi
