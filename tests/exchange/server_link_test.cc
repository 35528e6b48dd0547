#include "worker/exchange/server_link.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/local/local_server.h"
#include "common/local/message_memory.h"
#include "common/wire/value_wire.h"
#include "proto/parameter_server.grpc.pb.h"

namespace pumasi {
namespace {

constexpr std::chrono::seconds kLong{20};
// What answers pulls tells by the version which way they came.
constexpr uint64_t kRemote = 1, kLocal = 2;

class FakeServer final : public v1::ParameterServer::Service {
 public:
  FakeServer() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~FakeServer() override { server_->Shutdown(); }
  std::shared_ptr<ServerLink> Link() {
    return std::make_shared<ServerLink>(grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()), 1 << 30);
  }
  void StartMemory(bool huge_answers = false) {
    std::lock_guard lock(mutex_);
    memory_ = *LocalServer::Start({}, [this, huge_answers](std::shared_ptr<LocalRequest> request) {
      ++asked_through_memory_;
      v1::PullResponse response;
      response.set_version(kLocal);
      if (huge_answers) response.add_dense()->set_values(std::string(MessageMemory::kPayloads, 'x'));
      *request->response() = MessageBytes(response);
      request->Finish(grpc::Status::OK);
    });
  }
  int asked_through_memory() const { return asked_through_memory_; }
  void StopMemory() {
    std::lock_guard lock(mutex_);
    memory_.reset();
  }

  grpc::Status Pull(grpc::ServerContext*, const v1::PullRequest* request, v1::PullResponse* response) override {
    response->set_version(kRemote);
    return request->version() == 0 ? grpc::Status::OK : grpc::Status(grpc::StatusCode::ABORTED, "no such version");
  }
  grpc::Status OpenLocal(grpc::ServerContext*, const v1::OpenLocalRequest* request,
                         v1::OpenLocalResponse* response) override {
    std::lock_guard lock(mutex_);
    if (memory_ == nullptr || request->version() != v1::OpenLocalRequest::CURRENT) return grpc::Status::CANCELLED;
    response->set_name(memory_->name());
    response->set_token(memory_->NewToken());
    return grpc::Status::OK;
  }

 private:
  std::atomic<int> asked_through_memory_{0};
  std::mutex mutex_;
  std::unique_ptr<LocalServer> memory_;  // GUARDED_BY(mutex_)
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// The version that a pull brings, or 0 where it fails.
uint64_t Pull(ServerLink& link, uint64_t version = 0) {
  struct Outcome {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<uint64_t> version;
  };
  const auto outcome = std::make_shared<Outcome>();
  auto call = std::make_shared<ServerCall>();
  v1::PullRequest request;
  request.set_version(version);
  call->request = MessageBytes(request);
  link.Call(v1::LOCAL_METHOD_PULL, call, kLong, [call, outcome](const grpc::Status& status) {
    v1::PullResponse response;
    const bool ok = status.ok() && ParseMessage(call->response, &response);
    std::lock_guard lock(outcome->mutex);
    outcome->version = ok ? response.version() : 0;
    outcome->changed.notify_all();
  });
  std::unique_lock lock(outcome->mutex);
  REQUIRE(outcome->changed.wait_for(lock, kLong, [&] { return outcome->version.has_value(); }));
  return *outcome->version;
}

void PullUntil(ServerLink& link, uint64_t version) {
  const auto end = std::chrono::steady_clock::now() + kLong;
  while (Pull(link) != version) REQUIRE(std::chrono::steady_clock::now() < end);
}

TEST_CASE("calls go over gRPC until there is shared memory, and again when it is gone") {
  FakeServer server;
  const auto link = server.Link();
  CHECK(Pull(*link) == kRemote);
  CHECK(Pull(*link, 7) == 0);
  server.StartMemory();
  PullUntil(*link, kLocal);
  CHECK(Pull(*link, 7) == kLocal);
  server.StopMemory();
  PullUntil(*link, kRemote);
  server.StartMemory();
  PullUntil(*link, kLocal);
}

TEST_CASE("an answer that the memory does not hold comes over gRPC") {
  FakeServer server;
  server.StartMemory(/*huge_answers=*/true);
  const auto link = server.Link();
  const auto end = std::chrono::steady_clock::now() + kLong;
  while (server.asked_through_memory() == 0) {
    REQUIRE(Pull(*link) == kRemote);
    REQUIRE(std::chrono::steady_clock::now() < end);
  }
}

TEST_CASE("a call can be cancelled, before it begins and while it is on its way") {
  FakeServer server;
  const auto link = server.Link();
  SECTION("over gRPC") {}
  SECTION("through memory") {
    server.StartMemory();
    PullUntil(*link, kLocal);
  }
  auto call = std::make_shared<ServerCall>();
  call->request = MessageBytes(v1::PullRequest());
  call->TryCancel();
  std::atomic<bool> ended{false};
  std::mutex mutex;
  std::condition_variable changed;
  link->Call(v1::LOCAL_METHOD_PULL, call, kLong, [&](const grpc::Status&) {
    std::lock_guard lock(mutex);
    ended = true;
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  CHECK(changed.wait_for(lock, kLong, [&] { return ended.load(); }));
}

}  // namespace
}  // namespace pumasi
