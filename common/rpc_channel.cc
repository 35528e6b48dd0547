#include "common/rpc_channel.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>

#include "common/address.h"
#include "common/credentials.h"
#include "common/grpc_log.h"

namespace pumasi {
namespace {

constexpr int kPingEveryMs = 10000;
constexpr int kPingTimeoutMs = 5000;
// A scheduler that was started again should hear of everybody within two seconds, so tries come often.
constexpr int kFirstReconnectMs = 100;
constexpr int kLongestReconnectMs = 200;
constexpr int kConnectTimeoutMs = 1000;
constexpr int kMaxHeaderBytes = 16 << 10;
constexpr uint64_t kLargestMessage = 2147483647;

// gRPC ends its threads when the last of its objects goes, and then waits for one that looks after idle channels, which
// may take until its next look, ten seconds away. A process that ends needs no such order: gRPC stays up until then.
void KeepGrpcUp() {
  static const bool up = (grpc_init(), true);
  (void)up;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeRpcChannel(const RpcChannelOptions& options) {
  RouteGrpcLog();
  KeepGrpcUp();
  const auto target = ParseAddress(options.target);
  if (!target.ok()) return target.status();
  const auto credentials = MakeChannelCredentials(options.tls, *target);
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  const int max_message = static_cast<int>(std::min(options.max_message, kLargestMessage));
  arguments.SetMaxReceiveMessageSize(max_message);
  arguments.SetMaxSendMessageSize(max_message);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxHeaderBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingEveryMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMs);
  // An idle connection is kept alive as well, within what servers allow without data (common/rpc_server.cc).
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);  // how long a try lasts, in truth
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLongestReconnectMs);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // http_proxy in the environment is for the web, not for a cluster.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (options.own_connection) arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(target->ToString(), *credentials, arguments);
}

}  // namespace pumasi
