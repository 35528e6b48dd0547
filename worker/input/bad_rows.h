#ifndef PUMASI_WORKER_INPUT_BAD_ROWS_H_
#define PUMASI_WORKER_INPUT_BAD_ROWS_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>

#include "absl/status/status.h"
#include "proto/job.pb.h"

namespace pumasi {

// What malformed rows do (data.on_error): the first fails the work, or they are left out and counted up to a limit.
// Thread-safe.
class BadRows {
 public:
  explicit BadRows(const v1::Data& data) : BadRows(data.on_error() == v1::ON_ERROR_SKIP, data.skip_limit()) {}
  BadRows(bool skip, uint64_t limit) : skip_(skip), limit_(limit) {}

  // Takes note of a malformed row in piece `piece` of the input; `lost`: rows lost with it. `error`, a function without
  // arguments, describes it and is called only where that is needed. OK where the reader shall go on.
  template <typename ErrorFunction>
  absl::Status Add(size_t piece, uint64_t lost, const ErrorFunction& error) {
    if (!skip_) return error();
    const uint64_t total = lost_.fetch_add(lost) + lost;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (piece < first_piece_) {
      first_piece_ = piece;
      first_error_ = error();
    }
    return total > limit_ ? first_error_ : absl::OkStatus();
  }

  // The error of a pass that ended with `status`, not OK, after all pieces before the failed one were read. Once the
  // limit is passed it says so and names the first malformed row; the same for any number of threads.
  absl::Status Explain(const absl::Status& status) const;

  // Rows left out so far.
  uint64_t lost() const { return lost_; }

 private:
  const bool skip_;
  const uint64_t limit_;
  std::atomic<uint64_t> lost_{0};
  mutable std::mutex mutex_;
  // The lowest piece with a malformed row, and the first such row in it. Guarded by mutex_.
  size_t first_piece_ = std::numeric_limits<size_t>::max();
  absl::Status first_error_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_BAD_ROWS_H_
