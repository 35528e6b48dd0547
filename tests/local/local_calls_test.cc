// Calls between a LocalChannel and a LocalServer.
#include <catch2/catch.hpp>
#include <condition_variable>
#include <optional>
#include <string>
#include <vector>

#include "common/local/local_channel.h"
#include "common/local/local_server.h"
#include "common/local/local_socket.h"
#include "tests/local/payload_text.h"

namespace pumasi {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::seconds kLong{20};
constexpr uint64_t kMost = 64 << 20;

// A call with what it came to.
class Outcome {
 public:
  explicit Outcome(uint32_t method, const std::string& request, std::chrono::milliseconds timeout = kLong)
      : request_(BytesOf(request)) {
    call_->method = method;
    call_->request = &request_;
    call_->response = &response_;
    call_->deadline = steady_clock::now() + timeout;
    call_->done = [this](const grpc::Status& status, bool no_room) {
      std::lock_guard lock(mutex_);
      status_ = status;
      no_room_ = no_room;
      text_ = TextOf(response_);
      response_.Clear();
      changed_.notify_all();
    };
  }
  grpc::Status Wait() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, kLong, [this] { return status_.has_value(); }));
    return *status_;
  }
  const std::shared_ptr<LocalCall>& call() const { return call_; }
  const std::string& text() const { return text_; }
  bool no_room() const { return no_room_; }

 private:
  const std::shared_ptr<LocalCall> call_ = std::make_shared<LocalCall>();
  const grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<grpc::Status> status_;
  bool no_room_ = false;
  std::string text_;
};

enum Method : uint32_t { kEcho = 1, kFail = 2, kKeep = 3, kDrop = 4, kHuge = 5 };

class Cluster {
 public:
  Cluster() {
    LocalServer::Options options;
    options.max_message = 1 << 20;
    options.max_calls = 4;
    server = *LocalServer::Start(options, [this](std::shared_ptr<LocalRequest> request) { Serve(std::move(request)); });
  }
  std::unique_ptr<LocalChannel> Connect(uint64_t max_message = kMost) {
    auto channel = std::make_unique<LocalChannel>(server->name(), server->NewToken(), max_message);
    WaitUntilNot(*channel, LocalChannel::State::kConnecting);
    REQUIRE(channel->state() == LocalChannel::State::kOpen);
    return channel;
  }
  static void WaitUntilNot(const LocalChannel& channel, LocalChannel::State state) {
    const auto end = steady_clock::now() + kLong;
    while (channel.state() == state) {
      REQUIRE(steady_clock::now() < end);
      std::this_thread::yield();
    }
  }
  std::shared_ptr<LocalRequest> WaitForKept() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, kLong, [this] { return !kept_.empty(); }));
    auto request = kept_.back();
    kept_.pop_back();
    return request;
  }

  std::unique_ptr<LocalServer> server;

 private:
  void Serve(std::shared_ptr<LocalRequest> request) {
    switch (request->method()) {
      case kEcho:
        *request->response() = BytesOf(TextOf(request->bytes()) + "!");
        return request->Finish(grpc::Status::OK);
      case kFail:
        return request->Finish({grpc::StatusCode::ABORTED, "not now", std::string("de\0tail", 7)});
      case kHuge:
        *request->response() = BytesOf(std::string(MessageMemory::kPayloads, 'x'));
        return request->Finish(grpc::Status::OK);
      case kKeep: {
        std::lock_guard lock(mutex_);
        kept_.push_back(std::move(request));
        changed_.notify_all();
        return;
      }
      default:
        return;  // nobody answers it
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<LocalRequest>> kept_;
};

TEST_CASE("a call is answered, empty or large") {
  Cluster cluster;
  const auto channel = cluster.Connect();
  const std::string text(GENERATE(0, 1, 1000, (1 << 20)), 'x');
  Outcome outcome(kEcho, text);
  REQUIRE(channel->Call(outcome.call()));
  CHECK(outcome.Wait().ok());
  CHECK(outcome.text() == text + "!");
}

TEST_CASE("an error arrives whole") {
  Cluster cluster;
  const auto channel = cluster.Connect();
  Outcome outcome(kFail, "");
  REQUIRE(channel->Call(outcome.call()));
  const grpc::Status status = outcome.Wait();
  CHECK(status.error_code() == grpc::StatusCode::ABORTED);
  CHECK(status.error_message() == "not now");
  CHECK(status.error_details() == std::string("de\0tail", 7));
}

TEST_CASE("many calls at once, from several channels and threads") {
  Cluster cluster;
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, channel = std::shared_ptr(cluster.Connect())] {
      for (int i = 0; i < 500; ++i) {
        Outcome outcome(kEcho, std::to_string(i));
        if (channel->Call(outcome.call()) && outcome.Wait().ok()) right += outcome.text() == std::to_string(i) + "!";
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 2000);
}

TEST_CASE("a call that nobody answers ends at its deadline, and its late answer harms nobody") {
  Cluster cluster;
  const auto channel = cluster.Connect();
  Outcome outcome(kKeep, "a", std::chrono::milliseconds(30));
  REQUIRE(channel->Call(outcome.call()));
  CHECK(outcome.Wait().error_code() == grpc::StatusCode::DEADLINE_EXCEEDED);
  const auto request = cluster.WaitForKept();
  *request->response() = BytesOf("late");
  request->Finish(grpc::Status::OK);
  Outcome next(kEcho, "b");
  REQUIRE(channel->Call(next.call()));
  CHECK(next.Wait().ok());
  CHECK(next.text() == "b!");
  // (The channel has told the server; that and this answer came in order.)
  CHECK(request->IsCancelled());
}

TEST_CASE("a cancelled call ends") {
  Cluster cluster;
  const auto channel = cluster.Connect();
  Outcome outcome(kKeep, "a");
  std::shared_ptr<LocalRequest> kept;
  SECTION("before it begins") {
    outcome.call()->TryCancel();
    REQUIRE(channel->Call(outcome.call()));
  }
  SECTION("later") {
    REQUIRE(channel->Call(outcome.call()));
    kept = cluster.WaitForKept();
    outcome.call()->TryCancel();
  }
  CHECK(outcome.Wait().error_code() == grpc::StatusCode::CANCELLED);
}

TEST_CASE("a request that is dropped is answered with an error") {
  Cluster cluster;
  const auto channel = cluster.Connect();
  Outcome outcome(kDrop, "a");
  REQUIRE(channel->Call(outcome.call()));
  CHECK(outcome.Wait().error_code() == grpc::StatusCode::INTERNAL);
}

TEST_CASE("when the server goes, calls end, and no more can be made") {
  Cluster cluster;
  const auto channel = cluster.Connect();
  Outcome outcome(kKeep, "a");
  REQUIRE(channel->Call(outcome.call()));
  const auto request = cluster.WaitForKept();
  cluster.server->Shutdown();
  CHECK(outcome.Wait().error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(request->IsCancelled());
  Cluster::WaitUntilNot(*channel, LocalChannel::State::kOpen);
  Outcome next(kEcho, "b");
  CHECK_FALSE(channel->Call(next.call()));
}

TEST_CASE("when the caller goes, the server sees it") {
  Cluster cluster;
  auto channel = cluster.Connect();
  Outcome outcome(kKeep, "a");
  REQUIRE(channel->Call(outcome.call()));
  const auto request = cluster.WaitForKept();
  channel.reset();
  CHECK(outcome.Wait().error_code() == grpc::StatusCode::UNAVAILABLE);
  const auto end = steady_clock::now() + kLong;
  while (!request->IsCancelled() && steady_clock::now() < end) std::this_thread::yield();
  CHECK(request->IsCancelled());
  request->Finish(grpc::Status::OK);
}

TEST_CASE("a callback may destroy the channel") {
  Cluster cluster;
  auto channel = cluster.Connect();
  Outcome outcome(kEcho, "a");
  const auto inner = outcome.call()->done;
  outcome.call()->done = [&](const grpc::Status& status, bool no_room) {
    channel.reset();
    inner(status, no_room);
  };
  LocalChannel& open = *channel;
  REQUIRE(open.Call(outcome.call()));
  CHECK(outcome.Wait().ok());
}

TEST_CASE("limits: large messages, many calls, answers without room") {
  Cluster cluster;
  const auto channel = cluster.Connect(1000);
  Outcome large_request(kEcho, std::string((1 << 20) + 1, 'x'));
  REQUIRE(channel->Call(large_request.call()));
  CHECK(large_request.Wait().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK_FALSE(large_request.no_room());
  Outcome large_answer(kEcho, std::string(1000, 'x'));
  REQUIRE(channel->Call(large_answer.call()));
  CHECK(large_answer.Wait().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  Outcome huge(kHuge, "");
  REQUIRE(channel->Call(huge.call()));
  CHECK(huge.Wait().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(huge.no_room());
  std::vector<std::unique_ptr<Outcome>> kept;
  for (int i = 0; i < 4; ++i) {
    kept.push_back(std::make_unique<Outcome>(kKeep, "x"));
    REQUIRE(channel->Call(kept.back()->call()));
  }
  Outcome one_more(kEcho, "");
  REQUIRE(channel->Call(one_more.call()));
  CHECK(one_more.Wait().error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
  for (int i = 0; i < 4; ++i) cluster.WaitForKept()->Finish(grpc::Status::OK);
  for (const auto& outcome : kept) CHECK(outcome->Wait().ok());
}

TEST_CASE("who has no token, or one that was used, is refused") {
  Cluster cluster;
  const std::string token = cluster.server->NewToken();
  CHECK(ConnectLocal(cluster.server->name(), token).ok());
  CHECK_FALSE(ConnectLocal(cluster.server->name(), token).ok());
  CHECK_FALSE(ConnectLocal(cluster.server->name(), DrawLocalSecret()).ok());
  CHECK(ConnectLocal(cluster.server->name(), "short").status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(ConnectLocal(DrawLocalSecret(), token).status().code() == absl::StatusCode::kNotFound);
  const LocalChannel refused(cluster.server->name(), token, kMost);
  Cluster::WaitUntilNot(refused, LocalChannel::State::kConnecting);
  CHECK(refused.state() == LocalChannel::State::kClosed);
}

}  // namespace
}  // namespace pumasi
