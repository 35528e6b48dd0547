// pumasi-server: holds slots of the jobs' tables.
#include <grpcpp/channel.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "common/exit_code.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/metrics/daemon_metrics.h"
#include "common/rpc/daemon.h"
#include "common/rpc/node_agent.h"
#include "common/rpc_channel.h"
#include "common/rpc_server.h"
#include "common/settings.h"
#include "common/shutdown.h"
#include "proto/config.pb.h"
#include "server/slot_server.h"

namespace pumasi {
namespace {

int Main(int argc, char** argv) {
  SetUpProcess();
  Shutdown& shutdown = Shutdown::Install();
  v1::ServerConfig config;
  auto loaded =
      LoadSettings(argc, argv, "pumasi-server", "Holds a part of the parameters of training jobs.",
                   "pumasi-server --scheduler 127.0.0.1:7070 --name server-1 --output_root /var/lib/pumasi", &config);
  if (!loaded.ok()) {
    std::fprintf(stderr, "pumasi-server: %s\n", std::string(loaded.status().message()).c_str());
    return kExitBadInput;
  }
  if (!*loaded) return kExitOk;
  const std::string name = NodeName(config.name());
  if (absl::Status status = SetUpLogging(config.log(), name); !status.ok()) return Failed(status);
  if (absl::Status status = SetFailpointsFromEnvironment(); !status.ok()) return Failed(status);

  auto channel = MakeRpcChannel({config.scheduler(), config.tls(), config.max_message()});
  if (!channel.ok()) return Failed(channel.status());
  const auto scheduler = v1::Scheduler::NewStub(*channel);
  SlotServer::Options options;
  options.node = name;
  options.output_root = config.output_root();
  options.memory_limit = config.memory_limit();
  options.max_message = config.max_message();
  options.shared_memory = config.shared_memory();
  options.tls = config.tls();
  SlotServer slots(options, *scheduler);
  ParameterServerService& service = slots.service();

  RpcServerOptions rpc;
  rpc.listen = config.listen();
  rpc.advertise = config.advertise();
  rpc.tls = config.tls();
  rpc.max_message = config.max_message();
  DaemonMetrics metrics("server", name, [&](MetricSet* set) { service.AddMetrics(set); });
  rpc.services = {&service, metrics.service()};
  auto server = RpcServer::Start(rpc);
  if (!server.ok()) return Failed(server.status());
  if (absl::Status status = metrics.Listen(config.metrics()); !status.ok()) return Failed(status);
  const std::string address = (*server)->advertised().ToString();
  Log(Severity::kInfo, "server is up", {{"address", address}});

  NodeAgent::Options agent_options;
  agent_options.node.set_name(name);
  agent_options.node.set_role(v1::ROLE_SERVER);
  agent_options.node.set_address(address);
  agent_options.scheduler_address = config.scheduler();
  agent_options.scheduler_timeout = std::chrono::milliseconds(static_cast<int64_t>(config.scheduler_timeout() * 1000));
  bool lost = false;
  NodeAgent agent(
      *channel, agent_options,
      [&](uint64_t incarnation, const std::vector<v1::Assignment>& jobs) { service.SetAssignments(incarnation, jobs); },
      [&](const std::string&) {
        lost = true;
        shutdown.Request();
      });
  agent.Start();
  while (!shutdown.WaitFor(absl::Hours(1))) {
  }
  Log(Severity::kInfo, "stopping");
  (*server)->SetServing(false);
  agent.Stop();
  metrics.Stop();
  slots.Shutdown();
  (*server)->Shutdown(absl::Seconds(1));
  return lost ? kExitUnreachable : kExitOk;
}

}  // namespace
}  // namespace pumasi

int main(int argc, char** argv) { return pumasi::Main(argc, argv); }
