// Calls to a server in this process: what a channel is between processes.
#ifndef PUMASI_WORKER_EXCHANGE_DIRECT_CALL_H_
#define PUMASI_WORKER_EXCHANGE_DIRECT_CALL_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>

#include "proto/parameter_server.pb.h"

namespace pumasi {

class DirectCall;

// Thread-safe. Has to outlive its calls.
class DirectServer {
 public:
  virtual ~DirectServer() = default;
  // Serves the call by and by, in another thread, and finishes it by its deadline.
  virtual void Serve(std::shared_ptr<DirectCall> call) = 0;
  // Runs `work` soon, in another thread: callers may hold locks.
  virtual void Post(std::function<void()> work) = 0;
};

// To be made by std::make_shared. Thread-safe.
class DirectCall : public std::enable_shared_from_this<DirectCall> {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // The response, where the status is OK, is the caller's to take.
  using Done = std::function<void(const grpc::Status& status, grpc::ByteBuffer* response)>;

  // Once. `done` is called once, in a thread of the server.
  void Begin(DirectServer& server, v1::LocalMethod method, grpc::ByteBuffer request, TimePoint deadline, Done done);
  // Ends the call soon, with Cancelled, if it has not ended; also before it has begun.
  void TryCancel();

  // --- for the server. Method, request and deadline do not change.
  v1::LocalMethod method() const { return method_; }
  const grpc::ByteBuffer& request() const { return request_; }
  TimePoint deadline() const { return deadline_; }
  // The caller does not listen any more.
  bool ended() const;
  // Only the first time counts; a call that was cancelled has been finished.
  void Finish(const grpc::Status& status, grpc::ByteBuffer response);

 private:
  v1::LocalMethod method_ = v1::LOCAL_METHOD_UNSPECIFIED;
  grpc::ByteBuffer request_;
  TimePoint deadline_;
  mutable std::mutex mutex_;
  DirectServer* server_ = nullptr;  // GUARDED_BY(mutex_): from Begin on
  Done done_;                       // GUARDED_BY(mutex_): empty before and afterwards
  bool cancelled_ = false;          // GUARDED_BY(mutex_)
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_EXCHANGE_DIRECT_CALL_H_
