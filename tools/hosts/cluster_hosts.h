// A host with a certificate for each daemon of a cluster.
#ifndef PUMASI_TOOLS_HOSTS_CLUSTER_HOSTS_H_
#define PUMASI_TOOLS_HOSTS_CLUSTER_HOSTS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proto/config.pb.h"
#include "tools/cli/embedded_cluster.h"
#include "tools/hosts/host_network.h"

namespace pumasi {

// Addresses that others can reach need mutual TLS, so a throw-away authority signs a certificate for each daemon and
// one for this process. Not thread-safe; see HostNetwork for when it may be made.
class ClusterHosts {
 public:
  // For daemons "scheduler", "server-0", "worker-0", ...; `folder`, made if it is not there, gets what iproute2 says
  // and, until the end of this object, the certificates. `bits_per_s` is what each daemon's link carries, each way; 0:
  // no limit. Errors: those of HostNetwork::Make and InitCertificates.
  static absl::StatusOr<std::unique_ptr<ClusterHosts>> Make(uint32_t servers, uint32_t workers,
                                                            const std::string& folder, uint64_t bits_per_s = 0);
  ~ClusterHosts();

  // For EmbeddedCluster::Options::host_of. NotFound: this daemon has no certificate.
  absl::StatusOr<DaemonHost> HostOf(const std::string& daemon);
  // For clients in this process.
  const v1::Tls& client_tls() const { return client_tls_; }
  HostNetwork& network() { return *network_; }

 private:
  ClusterHosts() = default;
  std::unique_ptr<HostNetwork> network_;
  std::string certificates_;  // folder
  v1::Tls client_tls_;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_HOSTS_CLUSTER_HOSTS_H_
