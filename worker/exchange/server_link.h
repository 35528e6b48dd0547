// A worker's way to one server: over gRPC, through memory that both share where they run on one host, or directly where
// they are one process.
#ifndef PUMASI_WORKER_EXCHANGE_SERVER_LINK_H_
#define PUMASI_WORKER_EXCHANGE_SERVER_LINK_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

#include "common/local/local_channel.h"
#include "proto/parameter_server.pb.h"
#include "worker/exchange/direct_call.h"

namespace grpc {
class Channel;
}

namespace pumasi {

// One call. To be made by std::make_shared, with its request.
class ServerCall {
 public:
  grpc::ByteBuffer request, response;

  // Ends the call soon, if it has not ended. Thread-safe.
  void TryCancel();

 private:
  friend class ServerLink;
  grpc::ClientContext remote_;
  const std::shared_ptr<LocalCall> local_ = std::make_shared<LocalCall>();
  const std::shared_ptr<DirectCall> direct_ = std::make_shared<DirectCall>();
};

// Thread-safe. To be made by std::make_shared.
class ServerLink : public std::enable_shared_from_this<ServerLink> {
 public:
  // Asks the server for shared memory as soon as there is a call; until it has it, and where it can't be had, calls go
  // over `channel`. `max_message`: larger answers are refused, in bytes.
  ServerLink(std::shared_ptr<grpc::Channel> channel, uint64_t max_message);
  // To a server in this process, which has to outlive the link and its calls.
  explicit ServerLink(DirectServer& server) : direct_(&server) {}

  // The server is in this process: nothing travels.
  bool own() const { return direct_ != nullptr; }

  using Done = std::function<void(const grpc::Status& status)>;
  // `done` is called once, from any thread, within the timeout or little later (of a server in this process: as that
  // keeps it).
  void Call(v1::LocalMethod method, const std::shared_ptr<ServerCall>& call, std::chrono::milliseconds timeout,
            const Done& done);

 private:
  void CallRemote(v1::LocalMethod method, const std::shared_ptr<ServerCall>& call, const Done& done);
  // The shared memory, if it may be used now; otherwise sees to it that it is asked for, once in a while.
  std::shared_ptr<LocalChannel> Local();
  void AskForMemory();

  DirectServer* const direct_ = nullptr;
  const std::shared_ptr<grpc::Channel> channel_;  // unless there is direct_
  const uint64_t max_message_ = 0;
  std::mutex mutex_;
  std::shared_ptr<LocalChannel> local_;         // GUARDED_BY(mutex_)
  bool asking_ = false;                         // GUARDED_BY(mutex_)
  std::chrono::steady_clock::time_point next_;  // GUARDED_BY(mutex_): when to ask again at the earliest
  std::chrono::milliseconds pause_{0};          // GUARDED_BY(mutex_): after the last time that it was asked for
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_EXCHANGE_SERVER_LINK_H_
