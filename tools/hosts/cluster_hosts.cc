#include "tools/hosts/cluster_hosts.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/file.h"
#include "common/identity.h"

namespace pumasi {
namespace {

// Each host has one daemon, so they do not get into each other's way.
constexpr int kSchedulerPort = 7070, kPort = 7071;
const char kClient[] = "client";

v1::Tls TlsOf(const std::string& folder, const std::string& name) {
  v1::Tls tls;
  tls.set_ca(folder + "/ca.crt");
  tls.set_certificate(absl::StrCat(folder, "/", name, ".crt"));
  tls.set_key(absl::StrCat(folder, "/", name, ".key"));
  return tls;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ClusterHosts>> ClusterHosts::Make(uint32_t servers, uint32_t workers,
                                                                 const std::string& folder, uint64_t bits_per_s) {
  std::unique_ptr<ClusterHosts> hosts(new ClusterHosts);
  auto network = HostNetwork::Make(folder);
  if (!network.ok()) return network.status();
  hosts->network_ = *std::move(network);

  std::vector<NodeCertificate> nodes = {{"scheduler", v1::ROLE_SCHEDULER, {}}};
  for (uint32_t i = 0; i < servers; ++i) nodes.push_back({absl::StrCat("server-", i), v1::ROLE_SERVER, {}});
  for (uint32_t i = 0; i < workers; ++i) nodes.push_back({absl::StrCat("worker-", i), v1::ROLE_WORKER, {}});
  for (NodeCertificate& node : nodes) {
    auto host = hosts->network_->Find(node.name);
    if (!host.ok()) return host.status();
    node.hosts = {(*host)->address};
    if (absl::Status status = hosts->network_->Limit(node.name, bits_per_s); !status.ok()) return status;
  }
  nodes.push_back({kClient, v1::ROLE_CLIENT, {}});
  hosts->certificates_ = absl::StrCat(folder, "/certificates-", getpid());
  if (absl::Status status = InitCertificates(hosts->certificates_, nodes); !status.ok()) return status;
  hosts->client_tls_ = TlsOf(hosts->certificates_, kClient);
  return hosts;
}

ClusterHosts::~ClusterHosts() {
  if (!certificates_.empty()) (void)RealFiles().RemoveFolder(certificates_);
}

absl::StatusOr<DaemonHost> ClusterHosts::HostOf(const std::string& daemon) {
  const v1::Tls tls = TlsOf(certificates_, daemon);
  auto there = RealFiles().Exists(tls.certificate());
  if (!there.ok()) return there.status();
  if (!*there) return absl::NotFoundError(absl::StrCat("no host is made for a daemon named ", daemon));
  auto host = network_->Find(daemon);
  if (!host.ok()) return host.status();
  return DaemonHost{(*host)->network,
                    absl::StrCat((*host)->address, ":", daemon == "scheduler" ? kSchedulerPort : kPort),
                    {"--tls.ca=" + tls.ca(), "--tls.certificate=" + tls.certificate(), "--tls.key=" + tls.key()}};
}

}  // namespace pumasi
