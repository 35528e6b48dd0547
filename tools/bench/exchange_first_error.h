// How threads of a process that goes on until something fails tell that it has.
#ifndef PUMASI_TOOLS_BENCH_EXCHANGE_FIRST_ERROR_H_
#define PUMASI_TOOLS_BENCH_EXCHANGE_FIRST_ERROR_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/status/status.h"

namespace pumasi {

// Thread-safe.
class FirstError {
 public:
  // Later errors follow from the first one and do not count.
  void Set(const absl::Status& error) {
    std::lock_guard lock(mutex_);
    if (error_.ok()) error_ = error;
    changed_.notify_all();
  }
  // DeadlineExceeded: there was none for an hour, and no measurement takes so long.
  absl::Status Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::hours(1), [this] { return !error_.ok(); });
    return error_.ok() ? absl::DeadlineExceededError("ran for an hour without being ended") : error_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  absl::Status error_;  // GUARDED_BY(mutex_)
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_EXCHANGE_FIRST_ERROR_H_
