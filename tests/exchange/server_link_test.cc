#include "worker/exchange/server_link.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

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
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
    // gRPC (1.51) can't bear that the last channel of a process goes in a callback. Daemons keep that to the scheduler.
    static auto& kept = *new std::vector<std::shared_ptr<grpc::Channel>>;
    kept.push_back(channel_);
  }
  ~FakeServer() override { server_->Shutdown(); }
  std::shared_ptr<ServerLink> Link() { return std::make_shared<ServerLink>(channel_, 1 << 30); }
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
  std::shared_ptr<grpc::Channel> channel_;
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

// Serves in a thread of its own what is to be answered, and keeps the rest.
class ThisProcess final : public DirectServer {
 public:
  ~ThisProcess() override {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }
  void Serve(std::shared_ptr<DirectCall> call) override {
    Post([this, call] {
      v1::PullRequest request;
      if (!ParseMessage(call->request(), &request)) return call->Finish({grpc::StatusCode::INTERNAL, "no pull"}, {});
      if (request.version() == kNever) {
        kept_ = call;
        return;
      }
      v1::PullResponse response;
      response.set_version(request.version() + 1);
      call->Finish(request.version() == 0 ? grpc::Status::CANCELLED : grpc::Status::OK, MessageBytes(response));
    });
  }
  void Post(std::function<void()> work) override {
    std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
    changed_.notify_all();
  }

  static constexpr uint64_t kNever = 99;

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return ending_ || !work_.empty(); });
      if (work_.empty()) return;
      const auto work = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
  }

  std::shared_ptr<DirectCall> kept_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> work_;  // GUARDED_BY(mutex_)
  bool ending_ = false;                     // GUARDED_BY(mutex_)
  std::thread thread_{[this] { Run(); }};
};

TEST_CASE("a server of this process is called without a connection, and calls to it end when they are cancelled") {
  ThisProcess server;
  const auto link = std::make_shared<ServerLink>(server);
  CHECK(Pull(*link, 7) == 8);
  CHECK(Pull(*link, 0) == 0);
  for (const bool before : {false, true}) {
    CAPTURE(before);
    auto call = std::make_shared<ServerCall>();
    v1::PullRequest request;
    request.set_version(ThisProcess::kNever);
    call->request = MessageBytes(request);
    std::optional<grpc::Status> end;
    int ends = 0;
    std::mutex mutex;
    std::condition_variable changed;
    if (before) call->TryCancel();
    link->Call(v1::LOCAL_METHOD_PULL, call, kLong, [&](const grpc::Status& status) {
      std::lock_guard lock(mutex);
      end = status;
      ++ends;
      changed.notify_all();
    });
    {
      std::lock_guard lock(mutex);
      CHECK((before || !end.has_value()));
    }
    // As CallsInFlight does: with a lock that the callback needs.
    {
      std::lock_guard lock(mutex);
      call->TryCancel();
      call->TryCancel();
    }
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, kLong, [&] { return end.has_value(); }));
    CHECK(end->error_code() == grpc::StatusCode::CANCELLED);
    CHECK(ends == 1);
  }
}

TEST_CASE("a call that was cancelled before it begins ends so, whichever way it goes") {
  FakeServer server;
  const auto link = server.Link();
  bool through_memory = false;
  SECTION("over gRPC") {}
  SECTION("through memory") {
    through_memory = true;
    server.StartMemory();
    PullUntil(*link, kLocal);
  }
  auto call = std::make_shared<ServerCall>();
  call->request = MessageBytes(v1::PullRequest());
  call->TryCancel();
  std::optional<grpc::Status> end;
  std::mutex mutex;
  std::condition_variable changed;
  link->Call(v1::LOCAL_METHOD_PULL, call, kLong, [&](const grpc::Status& status) {
    std::lock_guard lock(mutex);
    end = status;
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  REQUIRE(changed.wait_for(lock, kLong, [&] { return end.has_value(); }));
  // (Through memory the answer may be faster.)
  if (!through_memory) CHECK(end->error_code() == grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace pumasi
