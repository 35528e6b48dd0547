// Typed errors: a Status that carries a v1::ErrorDetail, so that cores without gRPC can say what the caller shall do
// next.
#ifndef PUMASI_COMMON_ERROR_DETAIL_H_
#define PUMASI_COMMON_ERROR_DETAIL_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/error.pb.h"

namespace pumasi {

// The code that stands for a reason: NotFound, Aborted, FailedPrecondition, Unavailable, ...
absl::StatusCode CodeOf(v1::ErrorDetail::Reason reason);

// A failure with CodeOf(detail.reason()), `message` and the detail as payload.
absl::Status DetailedError(const v1::ErrorDetail& detail, absl::string_view message);

// Likewise, with a detail of the reason alone.
absl::Status DetailedError(v1::ErrorDetail::Reason reason, absl::string_view message);

// Attaches the detail to a failure; its code and message stay.
void AttachDetail(const v1::ErrorDetail& detail, absl::Status* status);

// The detail that a status carries, if it does.
std::optional<v1::ErrorDetail> DetailOf(const absl::Status& status);

// Its reason; REASON_UNSPECIFIED if it carries none.
v1::ErrorDetail::Reason ReasonOf(const absl::Status& status);

}  // namespace pumasi

#endif  // PUMASI_COMMON_ERROR_DETAIL_H_
