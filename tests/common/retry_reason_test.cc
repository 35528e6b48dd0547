#include "common/retry_reason.h"

#include <catch2/catch.hpp>

#include "common/error_detail.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

TEST_CASE("Each reason says whether the same call may pass later") {
  for (int number = D::Reason_MIN + 1; number <= D::Reason_MAX; ++number) {
    const auto reason = static_cast<D::Reason>(number);
    CAPTURE(D::Reason_Name(reason));
    Retry want = Retry::kNever;
    if (reason == D::NOT_READY) want = Retry::kSoon;
    for (const D::Reason later :
         {D::UNAVAILABLE, D::UNKNOWN_INCARNATION, D::UNKNOWN_JOB, D::NOT_DURABLE, D::CORRUPT, D::OVER_LIMIT}) {
      if (reason == later) want = Retry::kLater;
    }
    CHECK(RetryOf(reason) == want);
    CHECK(RetryOf(DetailedError(reason, "")) == want);
  }
  CHECK(RetryOf(static_cast<D::Reason>(1000)) == Retry::kNever);
}

TEST_CASE("A reason counts more than the code") {
  absl::Status status = absl::UnavailableError("");
  D detail;
  detail.set_reason(D::MALFORMED);
  AttachDetail(detail, &status);
  CHECK(RetryOf(status) == Retry::kNever);
}

TEST_CASE("Without a reason the code says so: what the transport makes may pass, what a callee says does not") {
  for (const absl::Status& status :
       {absl::UnavailableError(""), absl::DeadlineExceededError(""), absl::ResourceExhaustedError(""),
        absl::DataLossError(""), absl::CancelledError(""), absl::InternalError(""), absl::UnknownError("")}) {
    CAPTURE(status.ToString());
    CHECK(RetryOf(status) == Retry::kLater);
  }
  for (const absl::Status& status :
       {absl::InvalidArgumentError(""), absl::PermissionDeniedError(""), absl::UnimplementedError(""),
        absl::NotFoundError(""), absl::FailedPreconditionError("")}) {
    CAPTURE(status.ToString());
    CHECK(RetryOf(status) == Retry::kNever);
  }
}

}  // namespace
}  // namespace pumasi
