#include "worker/job/verdict.h"

#include "common/error_detail.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

// Of a status without a reason: made by the transport, not by who was called.
bool MayPass(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:  // a stream that was reset
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

}  // namespace

Verdict VerdictOf(const absl::Status& status, uint64_t layout_epoch) {
  const auto detail = DetailOf(status);
  if (!detail) return MayPass(status.code()) ? Verdict::kAgain : Verdict::kFail;
  switch (detail->reason()) {
    case D::NOT_READY:
      return Verdict::kBusy;
    case D::UNAVAILABLE:
    case D::UNKNOWN_INCARNATION:
    case D::UNKNOWN_JOB:
    case D::NOT_DURABLE:
    case D::CORRUPT:
    case D::OVER_LIMIT:
      return Verdict::kAgain;
    case D::STALE_LAYOUT:
      // A server that has not yet heard of our layout will.
      return detail->layout_epoch() > 0 && detail->layout_epoch() < layout_epoch ? Verdict::kAgain
                                                                                 : Verdict::kStaleLayout;
    case D::TOO_LATE:
      return Verdict::kTooLate;
    case D::PARTLY_APPLIED:
      return Verdict::kPartly;
    case D::STALE_INCARNATION:
      return Verdict::kFenced;
    case D::STALE_LEASE:
    case D::NOT_FINITE:  // the server that refused it has told the scheduler
      return Verdict::kDrop;
    case D::REASON_UNSPECIFIED:
      return MayPass(status.code()) ? Verdict::kAgain : Verdict::kFail;
    default:
      return Verdict::kFail;
  }
}

bool IsSilence(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case D::UNAVAILABLE:
    case D::NOT_DURABLE:
      return true;
    case D::REASON_UNSPECIFIED:
      return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
    default:
      return false;
  }
}

bool ReportAgain(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case D::UNAVAILABLE:
    case D::NOT_DURABLE:
    case D::UNKNOWN_INCARNATION:
    case D::UNKNOWN_JOB:
    case D::OVER_LIMIT:
    case D::CORRUPT:
      return true;
    case D::REASON_UNSPECIFIED:
      return MayPass(status.code());
    default:
      return false;
  }
}

}  // namespace pumasi
