// How long to wait before trying again. No clock and no random device inside: a core can own one.
#ifndef PUMASI_COMMON_RETRY_H_
#define PUMASI_COMMON_RETRY_H_

#include <cstdint>

#include "absl/time/time.h"

namespace pumasi {

struct BackoffPolicy {
  absl::Duration first = absl::Milliseconds(50);
  absl::Duration longest = absl::Seconds(2);
  double factor = 2;
};

// Waits that grow from `first` by `factor` up to `longest`, each shortened at random by up to a half, so that many
// callers who failed at one moment do not come back at one moment. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(BackoffPolicy policy = {}) : policy_(policy), wait_(policy.first) {}

  // The next wait. The same bits give the same wait.
  absl::Duration Next(uint64_t random_bits);

  // After a success: starts from the first wait again.
  void Reset() { wait_ = policy_.first; }

 private:
  BackoffPolicy policy_;
  absl::Duration wait_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_RETRY_H_
