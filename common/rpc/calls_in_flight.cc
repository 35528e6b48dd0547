#include "common/rpc/calls_in_flight.h"

#include <utility>

namespace pumasi {

CallsInFlight::~CallsInFlight() {
  CancelAll();
  Wait();
}

void CallsInFlight::Wait() {
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return calls_.empty(); });
}

bool CallsInFlight::Add(const void* call, InFlight in_flight) {
  std::lock_guard lock(mutex_);
  if (cancelled_) return false;
  calls_.emplace(call, std::move(in_flight));
  return true;
}

void CallsInFlight::End(const void* call) {
  std::lock_guard lock(mutex_);
  calls_.erase(call);
  ended_.notify_all();
}

void CallsInFlight::Cancel(const void* owner) {
  std::lock_guard lock(mutex_);
  for (const auto& [key, call] : calls_) {
    if (call.owner == owner) call.cancel();
  }
}

void CallsInFlight::CancelAll() {
  std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (const auto& [key, call] : calls_) call.cancel();
}

bool CallsInFlight::cancelled() const {
  std::lock_guard lock(mutex_);
  return cancelled_;
}

}  // namespace pumasi
