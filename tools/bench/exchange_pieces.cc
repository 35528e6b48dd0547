#include "tools/bench/exchange_pieces.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/layout/slots.h"
#include "common/rpc_server.h"
#include "tools/bench/exchange_flags.h"
#include "tools/bench/exchange_scheduler.h"
#include "tools/cli/embedded_cluster.h"

namespace pumasi {
namespace {

constexpr absl::Duration kStartWithin = absl::Seconds(20);
constexpr absl::Duration kWarmWithin = absl::Seconds(120);
constexpr absl::Duration kLookEvery = absl::Milliseconds(100);

// A scheduler that is served at a socket.
struct Scheduling {
  PlayedScheduler scheduler;
  std::unique_ptr<RpcServer> server;

  absl::Status Serve(const std::string& socket) {
    RpcServerOptions options;
    options.listen = "unix:" + socket;
    options.services = {&scheduler};
    auto started = RpcServer::Start(options);
    if (started.ok()) server = *std::move(started);
    return started.status();
  }
  ~Scheduling() {
    scheduler.Stop();
    if (server != nullptr) server->Shutdown(absl::Seconds(1));
  }
};

// `reached` waits as long as it is told for what is to come, and says whether it has. `missing`: whom it waits for.
template <typename Reached, typename Missing>
absl::Status WaitFor(ExchangeProcesses& processes, const PlayedScheduler& scheduler, Reached reached, Missing missing) {
  const absl::Duration deadline = RealClock().Now() + kStartWithin;
  while (!reached(kLookEvery)) {
    if (absl::Status status = processes.CheckAll(); !status.ok()) return status;
    if (absl::Status status = scheduler.failure(); !status.ok()) return status;
    if (RealClock().Now() > deadline) return absl::DeadlineExceededError("waited for " + missing());
  }
  return absl::OkStatus();
}

std::string ServerName(uint32_t number) { return absl::StrCat("server-", number); }

absl::Status StartServers(ExchangeProcesses& processes, PlayedScheduler& scheduler, const std::string& bin) {
  const auto program = FindDaemon("pumasi-server", bin);
  if (!program.ok()) return program.status();
  for (uint32_t i = 0; i < kExchangeServers; ++i) {
    const std::string name = ServerName(i);
    absl::Status status = processes.StartServer(
        name, {*program, "--name=" + name, "--listen=unix:" + processes.SocketOf(name),
               "--scheduler=unix:" + processes.SocketOf("scheduler"), "--output_root=" + processes.folder()});
    if (!status.ok()) return status;
  }
  return WaitFor(
      processes, scheduler, [&](absl::Duration most) { return scheduler.WaitForNodes(kExchangeServers, most); },
      [&] { return absl::StrCat(kExchangeServers, " servers to register; ", scheduler.nodes().size(), " did"); });
}

absl::Status StartJob(ExchangeProcesses& processes, PlayedScheduler& scheduler, const ExchangeShape& shape) {
  v1::Assignment assignment = MakeExchangeAssignment(shape, scheduler.nodes());
  assignment.set_state(v1::ALLOCATING);
  scheduler.Assign(assignment);
  absl::Status status = WaitFor(
      processes, scheduler, [&](absl::Duration most) { return scheduler.WaitForReady(kExchangeServers, most); },
      [&] { return absl::StrCat(absl::StrJoin(scheduler.NotReady(), ", "), " to make tables"); });
  if (!status.ok()) return status;
  assignment.set_state(v1::TRAINING);
  scheduler.Assign(assignment);
  return WriteFileDurably(RealFiles(), processes.folder() + "/assignment", assignment.SerializeAsString());
}

absl::Status StartWorkers(ExchangeProcesses& processes) {
  for (uint32_t i = 0; i < kExchangeClients; ++i) {
    absl::Status status =
        processes.StartClient(absl::StrCat("worker-", i), CommandOf({"worker", i, processes.folder(), {}}));
    if (!status.ok()) return status;
  }
  return processes.WaitForClients(kWarmWithin);
}

}  // namespace

absl::StatusOr<ExchangeResult> MeasureExchange(const ExchangeShape& shape, absl::Duration length,
                                               const std::string& bin) {
  Scheduling scheduling;
  PlayedScheduler& scheduler = scheduling.scheduler;
  auto processes = ExchangeProcesses::Create();
  if (!processes.ok()) return processes.status();
  absl::Status status = scheduling.Serve((*processes)->SocketOf("scheduler"));
  if (status.ok()) status = StartServers(**processes, scheduler, bin);
  if (status.ok()) status = StartJob(**processes, scheduler, shape);
  if (status.ok()) status = StartWorkers(**processes);
  if (!status.ok()) return status;
  const auto rates = (*processes)->Measure(length);
  if (!rates.ok()) return rates.status();
  if (absl::Status failure = scheduler.failure(); !failure.ok()) return failure;
  return ExchangeResult{*rates, scheduler.MeanSeconds(v1::STAGE_SERVE), scheduler.MeanSeconds(v1::STAGE_TAKE),
                        scheduler.MeanSeconds(v1::STAGE_APPLY)};
}

absl::StatusOr<ExchangeSize> SizeOf(const ExchangeShape& shape) {
  const v1::Assignment assignment = MakeExchangeAssignment(shape, {});
  ExchangeSize size;
  for (uint32_t worker = 0; worker < kExchangeClients; ++worker) {
    const auto batches = MakeExchangeIds(assignment, worker);
    if (!batches.ok()) return batches.status();
    for (const auto& ids : *batches) size.ids += static_cast<double>(ids->size());
  }
  size.ids /= kExchangeBatches * kExchangeClients;
  double floats = 0;
  for (const v1::TableSpec& table : assignment.tables()) {
    const bool rows = table.kind() == v1::TableSpec::ROWS;
    floats += rows ? size.ids * table.columns() : static_cast<double>(DenseFloats(table));
  }
  size.leg.pulled = size.leg.pushed = static_cast<uint64_t>(floats * sizeof(float) / kExchangeServers);
  return size;
}

absl::StatusOr<ExchangeResult> MeasureLimit(const std::string& kind, LegBytes bytes, absl::Duration length) {
  auto processes = ExchangeProcesses::Create();
  if (!processes.ok()) return processes.status();
  absl::Status status;
  for (uint32_t i = 0; status.ok() && i < kExchangeServers; ++i) {
    status = (*processes)->StartServer(ServerName(i), CommandOf({kind + "-server", i, (*processes)->folder(), bytes}));
  }
  if (status.ok()) status = (*processes)->WaitForServers(kStartWithin);
  for (uint32_t i = 0; status.ok() && i < kExchangeClients; ++i) {
    status =
        (*processes)
            ->StartClient(absl::StrCat("client-", i), CommandOf({kind + "-client", i, (*processes)->folder(), bytes}));
  }
  if (status.ok()) status = (*processes)->WaitForClients(kWarmWithin);
  if (!status.ok()) return status;
  const auto rates = (*processes)->Measure(length);
  if (!rates.ok()) return rates.status();
  return ExchangeResult{*rates};
}

}  // namespace pumasi
