#ifndef PUMASI_WORKER_INPUT_IN_TURN_H_
#define PUMASI_WORKER_INPUT_IN_TURN_H_

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <limits>
#include <mutex>

#include "absl/status/status.h"

namespace pumasi {

// Makes threads that work on numbered items at once deliver their results in the order of the numbers. Thread-safe.
//
// REQUIRES: items are started in rising order (as TryParallel does), and each ends with Deliver or Fail. Then the item
// that is next is always being worked on, and every wait ends.
class InTurn {
 public:
  // Waits until all lower items have delivered, then calls `deliver`. If a lower item failed, returns CANCELLED without
  // calling it.
  absl::Status Deliver(size_t item, const std::function<absl::Status()>& deliver) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return next_ == item || failed_ < item; });
    if (failed_ < item) return absl::CancelledError("an earlier piece failed");
    absl::Status status = deliver();
    if (status.ok()) {
      ++next_;
    } else {
      failed_ = std::min(failed_, item);
    }
    changed_.notify_all();
    return status;
  }

  // Says that an item will not be delivered.
  void Fail(size_t item) {
    const std::lock_guard<std::mutex> lock(mutex_);
    failed_ = std::min(failed_, item);
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t next_ = 0;                                     // guarded by mutex_
  size_t failed_ = std::numeric_limits<size_t>::max();  // lowest failed item; guarded by mutex_
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_IN_TURN_H_
