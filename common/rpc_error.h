// Errors on their way through gRPC and back.
#ifndef PUMASI_COMMON_RPC_ERROR_H_
#define PUMASI_COMMON_RPC_ERROR_H_

#include <grpcpp/support/status.h>

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/error_detail.h"
#include "proto/error.pb.h"

namespace pumasi {

// What a service answers. The code is the same number, the message is kept (cut where it is longer than a header may
// be), and so is an ErrorDetail.
grpc::Status ToGrpc(const absl::Status& status);

// What a caller got, likewise: DetailOf and ReasonOf work on the result.
absl::Status ToAbsl(const grpc::Status& status);

// ToGrpc(DetailedError(...)).
grpc::Status RpcError(const v1::ErrorDetail& detail, absl::string_view message);
grpc::Status RpcError(v1::ErrorDetail::Reason reason, absl::string_view message);

// The detail that a refused call carries. Nothing if it has none, or one that can't be read: a peer may send anything.
std::optional<v1::ErrorDetail> DetailOf(const grpc::Status& status);
v1::ErrorDetail::Reason ReasonOf(const grpc::Status& status);

}  // namespace pumasi

#endif  // PUMASI_COMMON_RPC_ERROR_H_
