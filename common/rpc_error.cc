#include "common/rpc_error.h"

#include <string>

namespace pumasi {
namespace {

// gRPC sends message and details as HTTP/2 trailers, and percent-encodes the message: three bytes for one at worst.
// Channels accept 16 KiB of trailers (common/rpc_channel.cc).
constexpr size_t kLongestMessage = 2048;

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string message(status.message());
  if (message.size() > kLongestMessage) {
    message.resize(kLongestMessage);
    message += "...";
  }
  const auto detail = DetailOf(status);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message,
                      detail.has_value() ? detail->SerializeAsString() : "");
}

absl::Status ToAbsl(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  // The code that the peer sent stands, whatever this version would choose for the reason.
  if (const auto detail = DetailOf(status)) AttachDetail(*detail, &result);
  return result;
}

grpc::Status RpcError(const v1::ErrorDetail& detail, absl::string_view message) {
  return ToGrpc(DetailedError(detail, message));
}

grpc::Status RpcError(v1::ErrorDetail::Reason reason, absl::string_view message) {
  return ToGrpc(DetailedError(reason, message));
}

std::optional<v1::ErrorDetail> DetailOf(const grpc::Status& status) {
  v1::ErrorDetail detail;
  if (status.error_details().empty() || !detail.ParseFromString(status.error_details())) return std::nullopt;
  return detail;
}

v1::ErrorDetail::Reason ReasonOf(const grpc::Status& status) {
  const auto detail = DetailOf(status);
  return detail.has_value() ? detail->reason() : v1::ErrorDetail::REASON_UNSPECIFIED;
}

}  // namespace pumasi
