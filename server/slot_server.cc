#include "server/slot_server.h"

#include <grpcpp/channel.h>

#include <utility>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/rpc_channel.h"

namespace pumasi {
namespace {

Hosting::Options HostingOptions(const SlotServer::Options& options) {
  Hosting::Options hosting;
  hosting.node = options.node;
  hosting.output_root = options.output_root;
  hosting.memory_limit = options.memory_limit;
  return hosting;
}

}  // namespace

SlotServer::SlotServer(const Options& options, v1::Scheduler::StubInterface& scheduler)
    : peers_([tls = options.tls,
              max = options.max_message](const std::string& address) -> absl::StatusOr<PeerConnections::Stub> {
        auto peer = MakeRpcChannel({address, tls, max});
        if (!peer.ok()) return peer.status();
        return PeerConnections::Stub(v1::ParameterServer::NewStub(*peer));
      }),
      service_(HostingOptions(options), {scheduler, peers_, RealFiles(), RealClock()}) {
  if (!options.shared_memory) return;
  LocalServer::Options local;
  local.max_message = options.max_message;
  auto started = LocalServer::Start(
      local, [this](std::shared_ptr<LocalRequest> request) { service_.ServeLocal(std::move(request)); });
  if (!started.ok()) {
    Log(Severity::kWarn, "no shared memory", {{"why", std::string(started.status().message())}});
    return;
  }
  local_ = *std::move(started);
  service_.OfferLocal(local_.get());
}

SlotServer::~SlotServer() { Shutdown(); }

void SlotServer::Shutdown() {
  service_.Stop();
  service_.SetAssignments(0, {});
  if (local_ != nullptr) local_->Shutdown();
}

}  // namespace pumasi
