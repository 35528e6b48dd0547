#ifndef PUMASI_WORKER_INPUT_PROGRESS_TRACKER_H_
#define PUMASI_WORKER_INPUT_PROGRESS_TRACKER_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace pumasi {

// How far a preparation is.
struct PrepareProgress {
  // What is being done, for people: "counting words".
  std::string stage;
  // Of the stage, in bytes of input; total is 0 where it cannot be said.
  uint64_t done = 0;
  uint64_t total = 0;
};

// Tells a listener how far a long piece of work is, and the work whether it shall stop. Thread-safe; the listener is
// called by one thread at a time.
class ProgressTracker {
 public:
  // Both may be empty.
  ProgressTracker(std::function<void(const PrepareProgress&)> listener, std::function<bool()> cancelled)
      : listener_(std::move(listener)), cancelled_(std::move(cancelled)) {}

  // Begins a stage.
  absl::Status Begin(std::string stage, uint64_t total) {
    const std::lock_guard<std::mutex> lock(mutex_);
    progress_ = {std::move(stage), 0, total};
    return Report();
  }

  // Notes work done. CANCELLED where the work shall stop.
  absl::Status Add(uint64_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    progress_.done += bytes;
    return Report();
  }

  bool cancelled() const { return cancelled_ && cancelled_(); }

 private:
  absl::Status Report() {
    if (cancelled()) return absl::CancelledError("the preparation of the data was cancelled");
    if (listener_) listener_(progress_);
    return absl::OkStatus();
  }

  const std::function<void(const PrepareProgress&)> listener_;
  const std::function<bool()> cancelled_;
  std::mutex mutex_;
  PrepareProgress progress_;  // guarded by mutex_
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_PROGRESS_TRACKER_H_
