#include "common/local/local_channel.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "common/local/local_error.h"
#include "common/local/local_socket.h"
#include "common/log.h"

namespace pumasi {
namespace {

using std::chrono::steady_clock;

// A call is found to be over its deadline so much too late at most.
constexpr std::chrono::milliseconds kLookEvery{250};

}  // namespace

// What the thread and the channel share: the thread may outlive the channel by a callback.
struct LocalChannel::Core {
  const uint64_t max_message;
  std::mutex mutex;
  bool closed = false;                                   // GUARDED_BY(mutex)
  std::shared_ptr<LocalLink> link;                       // GUARDED_BY(mutex): once it is connected
  uint64_t last_call = 0;                                // GUARDED_BY(mutex)
  std::map<uint64_t, std::shared_ptr<LocalCall>> calls;  // GUARDED_BY(mutex): those that wait for an answer

  explicit Core(uint64_t largest) : max_message(largest) {}

  void Run(const std::string& name, const std::string& token) {
    auto connected = ConnectLocal(name, token);
    std::shared_ptr<LocalLink> to_read;
    {
      std::lock_guard lock(mutex);
      closed = closed || !connected.ok();
      if (!closed) link = to_read = *std::move(connected);
    }
    if (to_read == nullptr) {
      Log(Severity::kDebug, "no shared memory with a server", {{"why", std::string(connected.status().message())}});
      return;
    }
    while (to_read->Wait(NextLook())) {
      // No more than the ring holds at a time: who writes without an end must not keep calls from their deadlines.
      for (uint64_t i = 0; i < MessageRing::kEntries; ++i) {
        auto received = to_read->Next();
        if (!received.has_value()) break;
        Answered(*received);
      }
      EndLateCalls(*to_read);
    }
    EndAllCalls();
  }

  void Close() {
    std::lock_guard lock(mutex);
    closed = true;
    if (link != nullptr) link->Close();
  }

  steady_clock::time_point NextLook() {
    auto next = steady_clock::now() + kLookEvery;
    std::lock_guard lock(mutex);
    for (const auto& [id, call] : calls) next = std::min(next, call->deadline);
    return next;
  }

  std::shared_ptr<LocalCall> TakeCall(uint64_t id) {
    std::lock_guard lock(mutex);
    const auto call = calls.extract(id);
    return call.empty() ? nullptr : call.mapped();
  }

  // `done` may hold what holds the call.
  static void End(LocalCall& call, const grpc::Status& status, bool no_room) {
    const auto done = std::exchange(call.done, nullptr);
    done(status, no_room);
  }

  void Answered(LocalLink::Received& received) {
    const LocalEntry& entry = received.entry;
    if (entry.kind != LocalEntry::kResponse) return;
    // (An answer may come after its call was given up.)
    const auto call = TakeCall(entry.call);
    if (call == nullptr) return;
    if (entry.code != 0) {
      End(*call, ErrorOf(entry, received.payload), entry.code == LocalEntry::kNoRoom);
    } else if (entry.size > max_message) {
      End(*call, TooLarge(entry.size, max_message), false);
    } else {
      call->response->Swap(&received.payload);
      End(*call, grpc::Status::OK, false);
    }
  }

  void EndLateCalls(LocalLink& to) {
    const auto now = steady_clock::now();
    std::vector<std::pair<uint64_t, std::shared_ptr<LocalCall>>> late;
    {
      std::lock_guard lock(mutex);
      for (auto at = calls.begin(); at != calls.end();) {
        if (at->second->cancelled_ || at->second->deadline <= now) {
          late.emplace_back(*at);
          at = calls.erase(at);
        } else {
          ++at;
        }
      }
    }
    for (const auto& [id, call] : late) {
      call->given_up_ = true;
      (void)to.Send({LocalEntry::kCancel, 0, id}, {});
      End(*call,
          call->cancelled_ ? grpc::Status(grpc::StatusCode::CANCELLED, "cancelled")
                           : grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "no answer came in time"),
          false);
    }
  }

  void EndAllCalls() {
    std::map<uint64_t, std::shared_ptr<LocalCall>> left;
    {
      std::lock_guard lock(mutex);
      closed = true;
      link = nullptr;  // and with it the memory
      left.swap(calls);
    }
    for (const auto& [id, call] : left) {
      End(*call, grpc::Status(grpc::StatusCode::UNAVAILABLE, "the other process has ended the connection"), false);
    }
  }
};

void LocalCall::TryCancel() {
  cancelled_ = true;
  std::lock_guard lock(mutex_);
  if (const auto link = link_.lock()) link->Wake();
}

LocalChannel::LocalChannel(const std::string& name, const std::string& token, uint64_t max_message)
    : core_(std::make_shared<Core>(max_message)), thread_([core = core_, name, token] { core->Run(name, token); }) {}

LocalChannel::~LocalChannel() {
  if (!thread_.joinable()) return;
  const bool own = thread_.get_id() == std::this_thread::get_id();
  core_->Close();
  if (own) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

void LocalChannel::Abandon() {
  core_->Close();
  thread_.detach();  // it holds what it needs
}

LocalChannel::State LocalChannel::state() const {
  std::lock_guard lock(core_->mutex);
  if (core_->closed) return State::kClosed;
  return core_->link == nullptr ? State::kConnecting : State::kOpen;
}

bool LocalChannel::Call(const std::shared_ptr<LocalCall>& call) {
  // The thread may end the call while it is being sent, and its owner take the request back.
  const grpc::ByteBuffer request = *call->request;
  std::shared_ptr<LocalLink> link;
  uint64_t id;
  {
    std::lock_guard lock(core_->mutex);
    if (core_->closed || core_->link == nullptr) return false;
    link = core_->link;
    id = ++core_->last_call;
    core_->calls[id] = call;
  }
  {
    std::lock_guard lock(call->mutex_);
    call->link_ = link;
  }
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(call->deadline - steady_clock::now()).count();
  const LocalEntry entry{
      LocalEntry::kRequest, call->method, id, 0, 0, static_cast<uint64_t>(std::max<int64_t>(left, 0))};
  if (link->Send(entry, request) != LocalLink::Sent::kYes) {
    // Where the thread was faster, it has called `done`.
    return core_->TakeCall(id) == nullptr;
  }
  // Where the call was given up meanwhile, its cancellation may have come first.
  if (call->given_up_) (void)link->Send({LocalEntry::kCancel, 0, id}, {});
  if (call->cancelled_) link->Wake();
  return true;
}

}  // namespace pumasi
