// Which refused calls may pass when they are made again as they were: one table for all who call again. What a caller
// has to change first (another layout, another incarnation, smaller pieces) is the caller's business.
#ifndef PUMASI_COMMON_RETRY_REASON_H_
#define PUMASI_COMMON_RETRY_REASON_H_

#include "absl/status/status.h"
#include "proto/error.pb.h"

namespace pumasi {

enum class Retry {
  kNever,  // the same call would be refused again
  kSoon,   // who was called is well, and only not there yet: after a short wait
  kLater,  // after waits that grow, each shortened at random (common/retry.h)
};

// `reason` is not REASON_UNSPECIFIED. A reason of a later version: kNever.
Retry RetryOf(v1::ErrorDetail::Reason reason);

// By the status' reason, or where it has none (the transport made it, not who was called) by its code.
// REQUIRES: !status.ok().
Retry RetryOf(const absl::Status& status);

}  // namespace pumasi

#endif  // PUMASI_COMMON_RETRY_REASON_H_
