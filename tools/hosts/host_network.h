// Hosts for daemons on one machine: network namespaces on one switch, whose packets can be lost, and whose links can be
// narrow.
#ifndef PUMASI_TOOLS_HOSTS_HOST_NETWORK_H_
#define PUMASI_TOOLS_HOSTS_HOST_NETWORK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/hosts/packet_filter.h"

namespace pumasi {

// The namespaces have no names, only open files here: the kernel removes them, and all that is in them, once the
// processes in them and this one have ended, however that happens. Nothing outside of them is changed. Not thread-safe.
class HostNetwork {
 public:
  // Makes the switch, in a namespace that the calling thread is then in, and so all threads and processes that it
  // starts: call it in the main thread, before gRPC is used. network.log in `folder`, which is made if it is not there,
  // gets what iproute2 says. Nothing is made on PermissionDenied (this process may not make namespaces) and NotFound
  // (there is no iproute2).
  static absl::StatusOr<std::unique_ptr<HostNetwork>> Make(const std::string& folder);
  // Whether Make would get as far as making something: its PermissionDenied and NotFound. Makes nothing that lasts, and
  // the calling thread stays where it is.
  static absl::Status Check();
  // The thread is again in the namespace in which it was.
  ~HostNetwork();
  HostNetwork(const HostNetwork&) = delete;
  HostNetwork& operator=(const HostNetwork&) = delete;

  struct Host {
    int network = -1;     // its namespace, as of ChildProcess::Start; closed with this object
    uint32_t ip = 0;      // as in PacketFilter
    std::string address;  // the same as text
  };
  // Of this name; made if it is not there yet. The pointer stays valid. ResourceExhausted: 60000 are there.
  absl::StatusOr<const Host*> Find(const std::string& name);

  // The host's link carries so many bits a second from now on, each way; call it once for a host. 0: without a limit.
  absl::Status Limit(const std::string& name, uint64_t bits_per_s);

  // What the host loses from now on of what it sends and of what it gets; nothing: it is healed. What it exchanges with
  // this process gets through in any case.
  absl::Status Lose(const std::string& name, PacketFilter sent, PacketFilter received);

 private:
  HostNetwork(std::string log, std::string ip, std::string tc)
      : log_(std::move(log)), ip_(std::move(ip)), tc_(std::move(tc)) {}
  // Runs a command in a namespace (-1: the switch's) and waits for it. An error unless it ends by exit code 0.
  absl::Status Do(int network, const std::vector<std::string>& command);
  absl::Status Filter(int network, const std::string& direction, const std::vector<sock_filter>& program);
  absl::Status Build(const std::string& name, Host* host);

  const std::string log_, ip_, tc_;
  int before_ = -1, switch_ = -1;  // open files of namespaces
  std::map<std::string, Host> hosts_;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_HOSTS_HOST_NETWORK_H_
