#include "common/rpc/node_agent.h"

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/rpc_error.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

// Notes who calls, and answers as it is told to.
class Scheduler : public v1::Scheduler::CallbackService {
 public:
  grpc::ServerUnaryReactor* Register(grpc::CallbackServerContext* context, const v1::RegisterRequest* request,
                                     v1::RegisterResponse* response) override {
    response->set_lease_seconds(1);
    return Answer(context, "register", request->node().incarnation(), grpc::Status::OK);
  }
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context, const v1::HeartbeatRequest* request,
                                      v1::HeartbeatResponse* response) override {
    grpc::Status status;
    {
      std::lock_guard lock(mutex_);
      response->set_change(++change_);
      response->add_assignments()->set_job_id("job");
      status = std::exchange(next_, grpc::Status::OK);
    }
    return Answer(context, "heartbeat", request->incarnation(), status);
  }

  // The next heartbeat is answered so.
  void Refuse(D::Reason reason) {
    std::lock_guard lock(mutex_);
    next_ = RpcError(reason, "refused");
    seen_ = calls_.size();
  }
  // WaitFor looks at later calls only.
  void ForgetCalls() {
    std::lock_guard lock(mutex_);
    seen_ = calls_.size();
  }
  // Until `count` more calls of the kind came; the incarnation of the last one. 0: time is up.
  uint64_t WaitFor(const std::string& call, size_t count = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [&] {
      for (; seen_ < calls_.size() && count > 0; ++seen_) count -= calls_[seen_].first == call;
      return count == 0;
    });
    return count == 0 ? calls_[seen_ - 1].second : 0;
  }

 private:
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const std::string& call, uint64_t incarnation,
                                   const grpc::Status& status) {
    {
      std::lock_guard lock(mutex_);
      calls_.emplace_back(call, incarnation);
      changed_.notify_all();
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  grpc::Status next_;                                    // GUARDED_BY(mutex_)
  size_t seen_ = 0;                                      // GUARDED_BY(mutex_): calls that WaitFor is done with
  uint64_t change_ = 0;                                  // GUARDED_BY(mutex_)
  std::vector<std::pair<std::string, uint64_t>> calls_;  // GUARDED_BY(mutex_): with incarnations
};

// A node and the scheduler that it talks to, which may go and come back at the same address.
class Pair {
 public:
  Pair() {
    ServeAt("127.0.0.1:0");
    NodeAgent::Options options;
    options.node.set_name("node");
    options.scheduler_address = address_;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    agent_ = std::make_unique<NodeAgent>(
        grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments), options,
        [this](uint64_t incarnation, const std::vector<v1::Assignment>& assignments) {
          std::lock_guard lock(mutex_);
          dropped_ += assignments.empty();
          incarnation_ = incarnation;
        },
        [](const std::string&) {});
    agent_->Start();
  }
  ~Pair() { agent_->Stop(); }

  void ServeAt(const std::string& address) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&scheduler);
    server_ = builder.BuildAndStart();
    REQUIRE(server_ != nullptr);
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  void Restart() {
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    scheduler.ForgetCalls();
    ServeAt(address_);
  }
  int dropped() {
    std::lock_guard lock(mutex_);
    return dropped_;
  }

  Scheduler scheduler;

 private:
  std::mutex mutex_;
  int dropped_ = 0;           // GUARDED_BY(mutex_): how often the node was told to do nothing
  uint64_t incarnation_ = 0;  // GUARDED_BY(mutex_)
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<NodeAgent> agent_;
};

TEST_CASE("A scheduler that comes back finds the node as it was, at work") {
  Pair pair;
  const uint64_t before = pair.scheduler.WaitFor("heartbeat", 2);
  REQUIRE(before != 0);
  pair.Restart();
  CHECK(pair.scheduler.WaitFor("heartbeat") == before);
  CHECK(pair.dropped() == 0);
}

TEST_CASE("A scheduler that does not know the node any more gets the same incarnation again") {
  Pair pair;
  const uint64_t before = pair.scheduler.WaitFor("heartbeat", 2);
  pair.scheduler.Refuse(D::UNKNOWN_INCARNATION);
  CHECK(pair.scheduler.WaitFor("register") == before);
  CHECK(pair.scheduler.WaitFor("heartbeat") == before);
  CHECK(pair.dropped() == 0);
}

TEST_CASE("A node that was declared dead drops its work and takes a new incarnation") {
  Pair pair;
  const uint64_t before = pair.scheduler.WaitFor("heartbeat", 2);
  pair.scheduler.Refuse(D::STALE_INCARNATION);
  const uint64_t after = pair.scheduler.WaitFor("register");
  CHECK(after != 0);
  CHECK(after != before);
  CHECK(pair.dropped() == 1);
}

}  // namespace
}  // namespace pumasi
