// A daemon's numbers over gRPC, as `pumasi metrics` asks for them.
#include "common/metrics/metrics_service.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "common/identity.h"
#include "common/metrics/daemon_metrics.h"
#include "common/metrics/metrics_text.h"
#include "common/rpc_channel.h"
#include "common/rpc_server.h"
#include "tests/common/temp_folder.h"
#include "tests/metrics/exposition.h"

namespace pumasi {
namespace {

grpc::Status Ask(const RpcServer& server, const v1::Tls& tls, v1::MetricsSnapshot* snapshot) {
  const auto channel = MakeRpcChannel({server.advertised().ToString(), tls, 64 << 20, /*own_connection=*/true});
  REQUIRE(channel.ok());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  return v1::Metrics::NewStub(*channel)->GetMetrics(&context, {}, snapshot);
}

TEST_CASE("A call gets what all daemons tell, and what this one adds") {
  DaemonMetrics metrics("server", "s1", [](MetricSet* set) { set->Gauge("mine", "", {}, 7); });
  REQUIRE(metrics.Listen({}).ok());  // nothing to listen on
  RpcServerOptions options;
  options.listen = "127.0.0.1:0";
  options.services = {metrics.service()};
  const auto server = RpcServer::Start(options);
  REQUIRE(server.ok());
  v1::MetricsSnapshot snapshot;
  REQUIRE(Ask(**server, {}, &snapshot).ok());
  const Exposition seen = ReadExposition(MetricsText(snapshot));
  CHECK(seen.Sum("mine") == 7);
  CHECK(seen.Sum("pumasi_build_info", {{"role", "server"}, {"node", "s1"}}) == 1);
}

TEST_CASE("Over TLS the numbers are for clients alone") {
  const TempFolder folder;
  const std::string path = folder.path();
  REQUIRE(InitCertificates(path, {{"server", v1::ROLE_SERVER, {"127.0.0.1"}},
                                  {"worker", v1::ROLE_WORKER, {}},
                                  {"client", v1::ROLE_CLIENT, {}}})
              .ok());
  const auto tls = [&](const std::string& name) {
    v1::Tls settings;
    settings.set_ca(path + "/ca.crt");
    settings.set_certificate(path + "/" + name + ".crt");
    settings.set_key(path + "/" + name + ".key");
    return settings;
  };
  DaemonMetrics metrics("server", "s1", [](MetricSet*) {});
  RpcServerOptions options;
  options.listen = "127.0.0.1:0";
  options.tls = tls("server");
  options.services = {metrics.service()};
  const auto server = RpcServer::Start(options);
  REQUIRE(server.ok());
  v1::MetricsSnapshot snapshot;
  CHECK(Ask(**server, tls("client"), &snapshot).ok());
  CHECK(Ask(**server, tls("worker"), &snapshot).error_code() == grpc::StatusCode::PERMISSION_DENIED);
}

}  // namespace
}  // namespace pumasi
