// A waiting heartbeat: tells when its connection breaks, which is how a crashed node is noticed at once.
#ifndef PUMASI_SCHEDULER_HEARTBEAT_REACTOR_H_
#define PUMASI_SCHEDULER_HEARTBEAT_REACTOR_H_

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <utility>

namespace pumasi {

// Deletes itself once the call is over.
class HeartbeatReactor : public grpc::ServerUnaryReactor {
 public:
  explicit HeartbeatReactor(std::function<void()> on_cancel) : on_cancel_(std::move(on_cancel)) {}
  void OnCancel() override { on_cancel_(); }
  void OnDone() override { delete this; }

 private:
  const std::function<void()> on_cancel_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_HEARTBEAT_REACTOR_H_
