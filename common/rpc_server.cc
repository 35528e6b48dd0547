#include "common/rpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/credentials.h"
#include "common/grpc_log.h"
#include "common/listen_probe.h"

namespace pumasi {
namespace {

// A peer that does not answer a ping is gone: its calls end, and what they held is free again.
constexpr int kPingEveryMs = 10000;
constexpr int kPingTimeoutMs = 5000;
// Channels ping every 10 s (common/rpc_channel.cc); gRPC cuts peers that ping more often than this.
constexpr int kLeastPingIntervalMs = 5000;
constexpr int kMaxStreamsPerConnection = 512;
constexpr int kMaxHeaderBytes = 16 << 10;
constexpr uint64_t kLargestMessage = 2147483647;

void EnablePlugins() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

void SetLimits(const RpcServerOptions& options, grpc::ServerBuilder* builder) {
  const int max_message = static_cast<int>(std::min(options.max_message, kLargestMessage));
  builder->SetMaxReceiveMessageSize(max_message);
  builder->SetMaxSendMessageSize(max_message);
  grpc::ResourceQuota quota("calls");
  quota.SetMaxThreads(options.max_calls);
  builder->SetResourceQuota(quota);
  // gRPC would share a port with another process, which then gets some of the calls.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxHeaderBytes);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kPingEveryMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingIntervalMs);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const RpcServerOptions& options) {
  EnablePlugins();
  RouteGrpcLog();
  auto address = ParseAddress(options.listen);
  if (!address.ok()) return absl::InvalidArgumentError(absl::StrCat("listen: ", address.status().message()));
  // Before anything is bound, so that a wrong setting does not show up as a server that comes and goes. Credentials
  // first: who listens where others reach it needs them, however it is dialled.
  const auto credentials = MakeServerCredentials(options.tls, *address);
  if (!credentials.ok()) return credentials.status();
  const std::string host_name = IsWildcard(*address) ? ReachableHostName() : "";
  auto advertised = AdvertisedAddress(*address, options.advertise, host_name);
  if (!advertised.ok()) return advertised.status();
  if (absl::Status status = FreeUnixSocket(*address); !status.ok()) return status;

  grpc::ServerBuilder builder;
  SetLimits(options, &builder);
  int port = 0;
  builder.AddListeningPort(address->ToString(), *credentials, &port);
  for (grpc::Service* const service : options.services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    if (absl::Status why = ProbeListen(*address); !why.ok()) return why;
    return absl::UnavailableError(
        absl::StrCat(address->ToString(), ": gRPC can't listen there, for a reason it keeps"));
  }
  if (!address->is_unix()) address->port = port;
  advertised = AdvertisedAddress(*address, options.advertise, host_name);
  if (!advertised.ok()) return advertised.status();
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(server), *address, *advertised));
}

RpcServer::RpcServer(std::unique_ptr<grpc::Server> server, Address address, Address advertised)
    : server_(std::move(server)), address_(std::move(address)), advertised_(std::move(advertised)) {}

RpcServer::~RpcServer() { Shutdown(absl::ZeroDuration()); }

void RpcServer::SetServing(bool serving) {
  if (auto* const health = server_->GetHealthCheckService()) health->SetServingStatus(serving);
}

void RpcServer::Shutdown(absl::Duration grace) {
  SetServing(false);
  // gRPC cancels what still runs at the deadline, a time of day, and waits for its end.
  server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(grace));
}

}  // namespace pumasi
