// A gRPC channel as all programs make it.
#ifndef PUMASI_COMMON_RPC_CHANNEL_H_
#define PUMASI_COMMON_RPC_CHANNEL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proto/config.pb.h"

namespace grpc {
class Channel;
}

namespace pumasi {

struct RpcChannelOptions {
  std::string target;  // HOST:PORT or unix:PATH
  v1::Tls tls;
  // Larger messages are refused, in bytes.
  uint64_t max_message = 256 << 20;
  // A connection of its own, instead of one shared with the process' other channels to the same target.
  bool own_connection = false;
};

// Does not connect yet, and connects again by itself while a call wants it: a fifth of a second after a try that was
// refused, after a second where nobody answers. gRPC itself tries no call again: calls that fail are for the caller to
// repeat, who knows which may be. Give each call a deadline.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeRpcChannel(const RpcChannelOptions& options);

}  // namespace pumasi

#endif  // PUMASI_COMMON_RPC_CHANNEL_H_
