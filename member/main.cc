// pumasi-worker: computes gradients, and holds slots of jobs that want that of their workers.
#include <grpcpp/channel.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
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
#include "member/own_slots.h"
#include "member/ring_host.h"
#include "ops/gemm.h"
#include "proto/config.pb.h"
#include "worker/cache_folder.h"
#include "worker/compute_device.h"
#include "worker/exchange/server_link.h"
#include "worker/job_set.h"

namespace pumasi {
namespace {

int Main(int argc, char** argv) {
  SetUpProcess();
  Shutdown& shutdown = Shutdown::Install();
  v1::WorkerConfig config;
  auto loaded = LoadSettings(argc, argv, "pumasi-worker",
                             "Computes gradients of training jobs, and holds parameters of those without servers.",
                             "pumasi-worker --scheduler 127.0.0.1:7070 --name worker-1 --data_root /srv/data", &config);
  if (!loaded.ok()) {
    std::fprintf(stderr, "pumasi-worker: %s\n", std::string(loaded.status().message()).c_str());
    return kExitBadInput;
  }
  if (!*loaded) return kExitOk;
  const std::string name = NodeName(config.name());
  if (absl::Status status = SetUpLogging(config.log(), name); !status.ok()) return Failed(status);
  if (absl::Status status = SetFailpointsFromEnvironment(); !status.ok()) return Failed(status);
  SetGemmThreads(static_cast<int>(config.threads()));
  const auto device = ChooseDevices(config.device(), config.devices());
  if (!device.ok()) return Failed(device.status());

  auto channel = MakeRpcChannel({config.scheduler(), config.tls(), config.max_message()});
  if (!channel.ok()) return Failed(channel.status());
  const auto scheduler = v1::Scheduler::NewStub(*channel);

  SlotServer::Options slots_options;
  slots_options.node = name;
  slots_options.output_root = config.output_root();
  slots_options.memory_limit = config.memory_limit();
  slots_options.max_message = config.max_message();
  slots_options.shared_memory = config.shared_memory();
  slots_options.tls = config.tls();
  OwnSlots slots(slots_options, *scheduler);

  std::string address;  // this worker's; known before there is work
  std::unique_ptr<NodeAgent> agent;
  JobRunner::Options options;
  options.data_root = config.data_root();
  options.cache = CacheFolder(config.cache());
  options.input_threads =
      static_cast<int>(config.input_threads() > 0 ? config.input_threads() : std::thread::hardware_concurrency());
  options.devices = device->devices;
  options.call_timeout = std::chrono::milliseconds(static_cast<int64_t>(config.call_timeout() * 1000));
  options.make_link = [&](const std::string& target) -> absl::StatusOr<std::shared_ptr<ServerLink>> {
    if (target == address) return std::make_shared<ServerLink>(slots);
    auto channel = MakeRpcChannel({target, config.tls(), config.max_message()});
    if (!channel.ok()) return channel.status();
    return std::make_shared<ServerLink>(*std::move(channel), config.max_message());
  };
  options.ring_host = [&]() -> absl::StatusOr<std::string> { return RingHost(config, address); };
  options.on_fenced = [&agent] { agent->Renew(); };
  std::atomic<bool> broken = false;
  options.on_broken_device = [&](const std::string& error) {
    Log(Severity::kError, absl::StrCat("the device failed, this worker ends: ", error));
    broken = true;
    shutdown.Request();
  };
  JobSet jobs(options, *scheduler);

  DaemonMetrics metrics("worker", name, [&](MetricSet* set) {
    jobs.AddMetrics(set);
    slots.service().AddMetrics(set);
  });
  RpcServerOptions rpc;
  rpc.listen = config.listen();
  rpc.advertise = config.advertise();
  rpc.tls = config.tls();
  rpc.max_message = config.max_message();
  rpc.services = {&slots.service(), metrics.service()};
  auto server = RpcServer::Start(rpc);
  if (!server.ok()) return Failed(server.status());
  if (absl::Status status = metrics.Listen(config.metrics()); !status.ok()) return Failed(status);
  address = (*server)->advertised().ToString();
  Log(Severity::kInfo, "worker is up", {{"address", address}, {"kernel_set", device->kernel_set}});
  if (!device->note.empty()) Log(Severity::kInfo, absl::StrCat("computes on the processor: ", device->note));

  NodeAgent::Options agent_options;
  agent_options.node.set_name(name);
  agent_options.node.set_role(v1::ROLE_WORKER);
  agent_options.node.set_address(address);
  agent_options.node.set_kernel_set(device->kernel_set);
  agent_options.node.set_hosts_slots(true);
  agent_options.node.set_devices(config.devices());
  agent_options.scheduler_address = config.scheduler();
  agent_options.scheduler_timeout = std::chrono::milliseconds(static_cast<int64_t>(config.scheduler_timeout() * 1000));
  bool lost = false;
  agent = std::make_unique<NodeAgent>(
      *channel, agent_options,
      [&](uint64_t incarnation, const std::vector<v1::Assignment>& assignments) {
        slots.SetAssignments(incarnation, assignments);
        jobs.Set(incarnation, assignments);
      },
      [&](const std::string&) {
        lost = true;
        shutdown.Request();
      });
  agent->Start();
  while (!shutdown.WaitFor(absl::Hours(1))) {
  }
  Log(Severity::kInfo, "stopping");
  (*server)->SetServing(false);
  agent->Stop();
  jobs.Set(0, {});
  metrics.Stop();
  slots.Shutdown();
  (*server)->Shutdown(absl::Seconds(1));
  if (broken) return kExitFailed;
  return lost ? kExitUnreachable : kExitOk;
}

}  // namespace
}  // namespace pumasi

int main(int argc, char** argv) { return pumasi::Main(argc, argv); }
