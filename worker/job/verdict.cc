#include "worker/job/verdict.h"

#include "absl/strings/match.h"
#include "common/error_detail.h"
#include "common/retry_reason.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

Verdict VerdictOf(Retry retry) {
  switch (retry) {
    case Retry::kSoon:
      return Verdict::kBusy;
    case Retry::kLater:
      return Verdict::kAgain;
    case Retry::kNever:
      return Verdict::kFail;
  }
  return Verdict::kFail;
}

}  // namespace

Verdict VerdictOf(const absl::Status& status, uint64_t layout_epoch) {
  const auto detail = DetailOf(status);
  switch (ReasonOf(status)) {
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
    default:
      return IsTooLarge(status) ? Verdict::kFail : VerdictOf(RetryOf(status));
  }
}

bool IsTooLarge(const absl::Status& status) {
  // gRPC has the same code for a peer that is short of memory, which may pass.
  return ReasonOf(status) == D::REASON_UNSPECIFIED && absl::IsResourceExhausted(status) &&
         absl::StrContains(status.message(), "message larger than max");
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

bool ReportAgain(const absl::Status& status) { return RetryOf(status) == Retry::kLater; }

}  // namespace pumasi
