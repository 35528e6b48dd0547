#include "common/local/local_server.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "common/local/local_error.h"
#include "common/local/local_socket.h"
#include "common/log.h"

namespace pumasi {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kTokenLasts{10};
constexpr size_t kMostTokens = 4096;
// Threads of ended connections are looked for so often at least.
constexpr int kLookEveryMs = 1000;
constexpr std::chrono::hours kLongestDeadline{1};
constexpr std::chrono::milliseconds kWithoutDescriptors{100};

}  // namespace

LocalRequest::LocalRequest(std::shared_ptr<LocalLink> link, uint32_t method, uint64_t call, grpc::ByteBuffer bytes,
                           steady_clock::time_point deadline, std::shared_ptr<std::atomic<int>> open)
    : link_(std::move(link)),
      method_(method),
      call_(call),
      deadline_(deadline),
      bytes_(std::move(bytes)),
      open_(std::move(open)) {
  ++*open_;
}

LocalRequest::~LocalRequest() {
  if (!finished_) Finish(grpc::Status(grpc::StatusCode::INTERNAL, "nobody answered the call"));
  --*open_;
}

bool LocalRequest::IsCancelled() const { return cancelled_ || link_->closed(); }

void LocalRequest::Finish(const grpc::Status& status) {
  finished_ = true;
  LocalEntry entry{LocalEntry::kResponse, 0, call_};
  const grpc::ByteBuffer error = status.ok() ? grpc::ByteBuffer() : ErrorPayload(status, &entry);
  if (link_->Send(entry, status.ok() ? response_ : error) == LocalLink::Sent::kNoRoom) {
    entry.code = LocalEntry::kNoRoom;
    entry.extra = 0;
    (void)link_->Send(entry, {});
  }
  bytes_.Clear();
  response_.Clear();
}

class LocalServer::Core {
 public:
  Core(const Options& options, Handler handler, LocalListener listener)
      : options_(options), handler_(std::move(handler)), listener_(std::move(listener)), thread_([this] { Run(); }) {}
  ~Core() { Shutdown(); }

  const std::string& name() const { return listener_.name; }

  std::string NewToken() {
    std::string token = DrawLocalSecret();
    std::lock_guard lock(mutex_);
    if (tokens_.size() == kMostTokens) tokens_.pop_front();
    tokens_.push_back({token, steady_clock::now() + kTokenLasts});
    return token;
  }

  void Shutdown() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
      stopping_.notify_all();
      for (const Connection& connection : connections_) {
        if (connection.link != nullptr) connection.link->Close();
      }
    }
    shutdown(listener_.socket.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    for (Connection& connection : connections_) connection.thread.join();
    connections_.clear();
  }

 private:
  struct Connection {
    std::shared_ptr<LocalLink> link;  // null: not connected yet
    bool ended = false;
    std::thread thread;
  };
  struct Token {
    std::string text;
    steady_clock::time_point until;
  };

  // Of the thread that accepts.
  void Run() {
    while (true) {
      pollfd end{listener_.socket.get(), POLLIN, 0};
      (void)poll(&end, 1, kLookEveryMs);
      JoinEnded();
      {
        std::lock_guard lock(mutex_);
        if (stopped_) return;
      }
      if ((end.revents & POLLIN) == 0) continue;
      Descriptor socket(accept4(listener_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (socket.get() < 0) {  // most often no descriptors are left
        std::unique_lock lock(mutex_);
        stopping_.wait_for(lock, kWithoutDescriptors, [this] { return stopped_; });
        continue;
      }
      // Others cost no thread and no line in the log: any user can see the name.
      if (CheckLocalUser(socket).ok()) Begin(std::move(socket));
    }
  }

  void JoinEnded() {
    std::list<Connection> ended;
    {
      std::lock_guard lock(mutex_);
      for (auto at = connections_.begin(); at != connections_.end();) {
        const auto next = std::next(at);
        if (at->ended) ended.splice(ended.end(), connections_, at);
        at = next;
      }
    }
    for (Connection& connection : ended) connection.thread.join();
  }

  // The connection's own thread does what may take time.
  void Begin(Descriptor socket) {
    std::lock_guard lock(mutex_);
    if (stopped_ || connections_.size() >= static_cast<size_t>(options_.max_connections)) return;
    Connection& connection = connections_.emplace_back();
    connection.thread = std::thread([this, &connection, fd = socket.release()] {
      Serve(connection, Descriptor(fd));
      std::lock_guard ending(mutex_);
      connection.link = nullptr;
      connection.ended = true;
    });
  }

  bool TakeToken(absl::string_view text) {
    const auto now = steady_clock::now();
    std::lock_guard lock(mutex_);
    std::erase_if(tokens_, [&](const Token& token) { return token.until < now; });
    return std::erase_if(tokens_, [&](const Token& token) { return token.text == text; }) > 0;
  }

  void Serve(Connection& connection, Descriptor socket) {
    auto accepted = AcceptLocal(std::move(socket), [this](absl::string_view token) { return TakeToken(token); });
    if (!accepted.ok()) {
      Log(Severity::kWarn, "a process of this host was refused shared memory",
          {{"why", std::string(accepted.status().message())}});
      return;
    }
    const std::shared_ptr<LocalLink> link = *std::move(accepted);
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return;
      connection.link = link;
    }
    const auto open = std::make_shared<std::atomic<int>>(0);
    std::map<uint64_t, std::weak_ptr<LocalRequest>> requests;
    while (link->Wait(steady_clock::time_point::max())) {
      // No more than the ring holds at a time: what was answered is forgotten in between.
      for (uint64_t i = 0; i < MessageRing::kEntries; ++i) {
        auto received = link->Next();
        if (!received.has_value()) break;
        Handle(link, *received, open, requests);
      }
      std::erase_if(requests, [](const auto& request) { return request.second.expired(); });
    }
  }

  void Handle(const std::shared_ptr<LocalLink>& link, LocalLink::Received& received,
              const std::shared_ptr<std::atomic<int>>& open,
              std::map<uint64_t, std::weak_ptr<LocalRequest>>& requests) {
    const LocalEntry& entry = received.entry;
    if (entry.kind == LocalEntry::kCancel) {
      const auto request = requests.find(entry.call);
      if (request == requests.end()) return;
      if (const auto alive = request->second.lock()) alive->cancelled_ = true;
      return;
    }
    if (entry.kind != LocalEntry::kRequest) return;
    const auto left =
        std::chrono::microseconds(std::min<uint64_t>(entry.extra, std::chrono::microseconds(kLongestDeadline).count()));
    auto request = std::make_shared<LocalRequest>(link, entry.code, entry.call, std::move(received.payload),
                                                  steady_clock::now() + left, open);
    if (entry.size > options_.max_message) return request->Finish(TooLarge(entry.size, options_.max_message));
    if (*open > options_.max_calls) {
      return request->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls of one process wait for answers"});
    }
    requests[entry.call] = request;
    handler_(std::move(request));
  }

  const Options options_;
  const Handler handler_;
  const LocalListener listener_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stopped_ = false;               // GUARDED_BY(mutex_)
  std::deque<Token> tokens_;           // GUARDED_BY(mutex_): not used yet
  std::list<Connection> connections_;  // GUARDED_BY(mutex_)
  std::thread thread_;
};

LocalServer::LocalServer(std::unique_ptr<Core> core) : core_(std::move(core)) {}
LocalServer::~LocalServer() = default;

absl::StatusOr<std::unique_ptr<LocalServer>> LocalServer::Start(const Options& options, Handler handler) {
  auto listener = ListenLocal();
  if (!listener.ok()) return listener.status();
  return std::unique_ptr<LocalServer>(
      new LocalServer(std::make_unique<Core>(options, std::move(handler), *std::move(listener))));
}

const std::string& LocalServer::name() const { return core_->name(); }
std::string LocalServer::NewToken() { return core_->NewToken(); }
void LocalServer::Shutdown() { core_->Shutdown(); }

}  // namespace pumasi
