#include "common/retry_reason.h"

#include "common/error_detail.h"

namespace pumasi {
namespace {

Retry RetryOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:  // a stream that was reset
    case absl::StatusCode::kUnknown:
      return Retry::kLater;
    default:
      return Retry::kNever;
  }
}

}  // namespace

Retry RetryOf(v1::ErrorDetail::Reason reason) {
  switch (reason) {
    case v1::ErrorDetail::NOT_READY:
      return Retry::kSoon;
    case v1::ErrorDetail::UNAVAILABLE:
    case v1::ErrorDetail::UNKNOWN_INCARNATION:
    case v1::ErrorDetail::UNKNOWN_JOB:  // it may not have heard of the job yet; that a job ended the assignment says
    case v1::ErrorDetail::NOT_DURABLE:
    case v1::ErrorDetail::CORRUPT:
    case v1::ErrorDetail::OVER_LIMIT:
      return Retry::kLater;
    default:
      return Retry::kNever;
  }
}

Retry RetryOf(const absl::Status& status) {
  const v1::ErrorDetail::Reason reason = ReasonOf(status);
  return reason == v1::ErrorDetail::REASON_UNSPECIFIED ? RetryOf(status.code()) : RetryOf(reason);
}

}  // namespace pumasi
