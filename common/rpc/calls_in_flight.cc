#include "common/rpc/calls_in_flight.h"

#include <grpcpp/client_context.h>

namespace pumasi {

CallsInFlight::~CallsInFlight() {
  CancelAll();
  Wait();
}

void CallsInFlight::Wait() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return calls_.empty(); });
}

bool CallsInFlight::Begin(grpc::ClientContext* context, const void* owner) {
  std::lock_guard lock(mutex_);
  if (cancelled_) return false;
  calls_.emplace(context, owner);
  return true;
}

void CallsInFlight::End(grpc::ClientContext* context) {
  std::lock_guard lock(mutex_);
  calls_.erase(context);
  ended_.notify_all();
}

void CallsInFlight::Cancel(const void* owner) {
  std::lock_guard lock(mutex_);
  for (const auto& [context, whose] : calls_) {
    if (whose == owner) context->TryCancel();
  }
}

void CallsInFlight::CancelAll() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (const auto& [context, whose] : calls_) context->TryCancel();
}

bool CallsInFlight::cancelled() const {
  std::lock_guard lock(mutex_);
  return cancelled_;
}

}  // namespace pumasi
