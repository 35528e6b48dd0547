#include "common/rpc_error.h"

#include <catch2/catch.hpp>
#include <string>

namespace pumasi {
namespace {

TEST_CASE("a typed error survives the way through gRPC and back") {
  v1::ErrorDetail detail;
  detail.set_reason(v1::ErrorDetail::NOT_READY);
  detail.set_waiting_for("parts 2 and 3 of batch 7");
  detail.set_version(7);
  const grpc::Status sent = RpcError(detail, "version 8 is not there yet");
  CHECK(sent.error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(sent.error_message() == "version 8 is not there yet");
  CHECK(DetailOf(sent)->waiting_for() == "parts 2 and 3 of batch 7");

  const absl::Status got = ToAbsl(sent);
  CHECK(got.code() == absl::StatusCode::kUnavailable);
  CHECK(got.message() == "version 8 is not there yet");
  CHECK(ReasonOf(got) == v1::ErrorDetail::NOT_READY);
  CHECK(DetailOf(got)->version() == 7);
  CHECK(ReasonOf(ToGrpc(got)) == v1::ErrorDetail::NOT_READY);
}

TEST_CASE("every reason has a code that is an error") {
  for (int i = 1; v1::ErrorDetail::Reason_IsValid(i); ++i) {
    const auto reason = static_cast<v1::ErrorDetail::Reason>(i);
    CAPTURE(v1::ErrorDetail::Reason_Name(reason));
    CHECK(CodeOf(reason) != absl::StatusCode::kUnknown);
    CHECK(CodeOf(reason) != absl::StatusCode::kOk);
    CHECK(ReasonOf(RpcError(reason, "x")) == reason);
  }
}

TEST_CASE("errors without a detail, and what a peer made up, have no reason") {
  CHECK(ToGrpc(absl::OkStatus()).ok());
  CHECK(ToAbsl(grpc::Status::OK).ok());
  CHECK(ReasonOf(absl::NotFoundError("x")) == v1::ErrorDetail::REASON_UNSPECIFIED);
  CHECK(ToGrpc(absl::NotFoundError("x")).error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK_FALSE(DetailOf(grpc::Status(grpc::StatusCode::ABORTED, "x")).has_value());
  const grpc::Status broken(grpc::StatusCode::ABORTED, "x", "\xff\xff\xff");
  CHECK(ReasonOf(broken) == v1::ErrorDetail::REASON_UNSPECIFIED);
  CHECK(ToAbsl(broken).code() == absl::StatusCode::kAborted);
}

TEST_CASE("a message too long for a header is cut") {
  CHECK(ToGrpc(absl::InternalError(std::string(100000, 'x'))).error_message().size() < 3000);
}

}  // namespace
}  // namespace pumasi
