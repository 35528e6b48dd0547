#include "common/error_detail.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/types/optional.h"

namespace pumasi {
namespace {

constexpr absl::string_view kPayload = "type.googleapis.com/pumasi.v1.ErrorDetail";

}  // namespace

absl::StatusCode CodeOf(v1::ErrorDetail::Reason reason) {
  switch (reason) {
    case v1::ErrorDetail::UNKNOWN_JOB:
      return absl::StatusCode::kNotFound;
    case v1::ErrorDetail::STALE_LAYOUT:
    case v1::ErrorDetail::STALE_INCARNATION:
    case v1::ErrorDetail::STALE_LEASE:
    case v1::ErrorDetail::TOO_LATE:
    case v1::ErrorDetail::PARTLY_APPLIED:
      return absl::StatusCode::kAborted;
    case v1::ErrorDetail::UNKNOWN_INCARNATION:
    case v1::ErrorDetail::NOT_READY:
    case v1::ErrorDetail::UNAVAILABLE:
    case v1::ErrorDetail::NOT_DURABLE:
      return absl::StatusCode::kUnavailable;
    case v1::ErrorDetail::NOT_FINITE:
    case v1::ErrorDetail::MALFORMED:
      return absl::StatusCode::kInvalidArgument;
    case v1::ErrorDetail::CORRUPT:
      return absl::StatusCode::kDataLoss;
    case v1::ErrorDetail::OVER_LIMIT:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kUnknown;
  }
}

absl::Status DetailedError(const v1::ErrorDetail& detail, absl::string_view message) {
  absl::Status status(CodeOf(detail.reason()), message);
  AttachDetail(detail, &status);
  return status;
}

absl::Status DetailedError(v1::ErrorDetail::Reason reason, absl::string_view message) {
  v1::ErrorDetail detail;
  detail.set_reason(reason);
  return DetailedError(detail, message);
}

void AttachDetail(const v1::ErrorDetail& detail, absl::Status* status) {
  status->SetPayload(kPayload, absl::Cord(detail.SerializeAsString()));
}

std::optional<v1::ErrorDetail> DetailOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayload);
  v1::ErrorDetail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

v1::ErrorDetail::Reason ReasonOf(const absl::Status& status) {
  const auto detail = DetailOf(status);
  return detail.has_value() ? detail->reason() : v1::ErrorDetail::REASON_UNSPECIFIED;
}

}  // namespace pumasi
