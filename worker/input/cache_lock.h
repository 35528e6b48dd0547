#ifndef PUMASI_WORKER_INPUT_CACHE_LOCK_H_
#define PUMASI_WORKER_INPUT_CACHE_LOCK_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"

namespace pumasi {

struct LockWait {
  // Who asks, for the messages of those who wait for it: "job nsmc, worker w1".
  std::string who;
  // How long to wait at most.
  absl::Duration patience = absl::Minutes(30);
  // Asked several times a second; may be empty.
  std::function<bool()> cancelled;
  // Told whom we wait for, once a wait begins and when that changes; may be empty.
  std::function<void(const std::string& holder)> waiting;
  const Clock* clock = &RealClock();
};

// An exclusive lock between the threads and processes of one machine, held while the object lives; it ends with the
// process, too, however that ends. A file holds it (flock) and says who has it. The file stays: removing it would let
// two in.
class CacheLock {
 public:
  // Makes the file if need be. DEADLINE_EXCEEDED, naming the holder, when patience ends; CANCELLED.
  static absl::StatusOr<std::unique_ptr<CacheLock>> Acquire(const std::string& path, const LockWait& wait);
  ~CacheLock();
  CacheLock(const CacheLock&) = delete;
  CacheLock& operator=(const CacheLock&) = delete;

 private:
  explicit CacheLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_CACHE_LOCK_H_
