// pumasi-scheduler: membership, jobs, and who does what.
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/exit_code.h"
#include "common/failpoint.h"
#include "common/file.h"
#include "common/log.h"
#include "common/metrics/daemon_metrics.h"
#include "common/rpc/daemon.h"
#include "common/rpc_server.h"
#include "common/settings.h"
#include "common/shutdown.h"
#include "proto/config.pb.h"
#include "scheduler/memory_store.h"
#include "scheduler/service.h"
#include "scheduler/sqlite_store.h"

namespace pumasi {
namespace {

// Where jobs outlive the scheduler.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(const v1::SchedulerConfig& config) {
  if (config.store() == "memory") return std::unique_ptr<Store>(std::make_unique<MemoryStore>());
  SqliteStore::Options options;
  options.path = config.store();
  if (config.store().empty()) {
    if (absl::Status status = RealFiles().MakeFolder(config.output_root()); !status.ok()) return status;
    options.path = absl::StrCat(config.output_root(), "/pumasi-scheduler.db");
  }
  auto store = SqliteStore::Open(options);
  if (!store.ok()) return store.status();
  return std::unique_ptr<Store>(*std::move(store));
}

int Main(int argc, char** argv) {
  SetUpProcess();
  Shutdown& shutdown = Shutdown::Install();
  v1::SchedulerConfig config;
  auto loaded =
      LoadSettings(argc, argv, "pumasi-scheduler", "Hands out the work of training jobs and keeps the membership.",
                   "pumasi-scheduler --listen 127.0.0.1:7070 --output_root /var/lib/pumasi", &config);
  if (!loaded.ok()) {
    std::fprintf(stderr, "pumasi-scheduler: %s\n", std::string(loaded.status().message()).c_str());
    return kExitBadInput;
  }
  if (!*loaded) return kExitOk;
  if (absl::Status status = SetUpLogging(config.log(), config.name()); !status.ok()) return Failed(status);
  if (absl::Status status = SetFailpointsFromEnvironment(); !status.ok()) return Failed(status);

  SchedulerService::Options options;
  options.cluster.membership.lease = absl::Seconds(config.lease());
  options.cluster.membership.crash_grace = absl::Seconds(config.crash_grace());
  options.cluster.max_jobs = config.max_jobs();
  options.output_root = config.output_root();
  auto store = OpenStore(config);
  if (!store.ok()) return Failed(store.status());
  auto service = SchedulerService::Create(options, RealClock(), RealFiles(), **store);
  if (!service.ok()) return Failed(service.status());

  RpcServerOptions rpc;
  rpc.listen = config.listen();
  rpc.advertise = config.advertise();
  rpc.tls = config.tls();
  rpc.max_message = config.max_message();
  rpc.max_calls = 100000;  // most of them wait, and hold no thread
  DaemonMetrics metrics("scheduler", config.name(), [&](MetricSet* set) { (*service)->AddMetrics(set); });
  rpc.services = {service->get(), metrics.service()};
  auto server = RpcServer::Start(rpc);
  if (!server.ok()) return Failed(server.status());
  if (absl::Status status = metrics.Listen(config.metrics()); !status.ok()) return Failed(status);
  const std::string address = (*server)->advertised().ToString();
  if (absl::Status status = WriteAddressFile(config.address_file(), address); !status.ok()) return Failed(status);
  Log(Severity::kInfo, "scheduler is up", {{"address", address}});
  while (!shutdown.WaitFor(absl::Hours(1))) {
  }
  Log(Severity::kInfo, "stopping");
  (*server)->SetServing(false);
  metrics.Stop();
  (*service)->Stop();
  (*server)->Shutdown(absl::Seconds(1));
  return kExitOk;
}

}  // namespace
}  // namespace pumasi

int main(int argc, char** argv) { return pumasi::Main(argc, argv); }
