// pumasi metrics: what a daemon has counted, as it says itself.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/exit_code.h"
#include "common/metrics/metrics_text.h"
#include "common/rpc_channel.h"
#include "common/rpc_error.h"
#include "proto/metrics.grpc.pb.h"
#include "tools/cli/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/metrics_json.h"
#include "tools/cli/scheduler_link.h"

namespace pumasi {
namespace {

// The scheduler's for no name.
absl::StatusOr<std::string> AddressOf(SchedulerLink& link, const std::string& name) {
  if (name.empty()) return link.address();
  auto nodes = link.ListNodes();
  if (!nodes.ok()) return nodes.status();
  for (const v1::NodeStatus& node : *nodes) {
    if (node.node().name() == name && node.alive()) return node.node().address();
  }
  return absl::NotFoundError(absl::StrCat("no living node is named '", name, "'; `pumasi nodes` lists them"));
}

absl::StatusOr<v1::MetricsSnapshot> MetricsAt(const std::string& address, const v1::ClientConfig& config) {
  auto channel = MakeRpcChannel({address, config.tls(), 64 << 20});
  if (!channel.ok()) return channel.status();
  const auto stub = v1::Metrics::NewStub(*channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(static_cast<int64_t>(config.timeout() * 1000)));
  v1::MetricsSnapshot snapshot;
  const absl::Status status = ToAbsl(stub->GetMetrics(&context, {}, &snapshot));
  if (status.ok()) return snapshot;
  return absl::Status(status.code(), absl::StrCat(address, ": ", status.message()));
}

}  // namespace

int NodeMetrics(const MetricsFlags& flags) {
  auto link = SchedulerLink::Open(flags.cluster);
  if (!link.ok()) return PrintError(link.status());
  auto address = AddressOf(**link, flags.node);
  if (!address.ok()) return PrintError(address.status());
  auto snapshot = MetricsAt(*address, (*link)->config());
  if (!snapshot.ok()) return PrintError(snapshot.status());
  const std::string text = flags.json ? ToLine(MetricsJson(*snapshot)) + "\n" : MetricsText(*snapshot);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kExitOk;
}

}  // namespace pumasi
