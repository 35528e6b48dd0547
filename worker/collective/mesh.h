// How the members of a group get a socket to each of the others. Whoever arranges the group tells all of them the
// addresses and a secret; there is no other server, and no file that all of them see.
#ifndef PUMASI_WORKER_COLLECTIVE_MESH_H_
#define PUMASI_WORKER_COLLECTIVE_MESH_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/descriptor.h"
#include "worker/collective/group.h"

namespace pumasi {

// A socket that listens, without waiting in accept, and how others reach it.
struct MeshListener {
  Descriptor socket;
  std::string address;
};
// On this host, for processes of this user: "unix:NAME", an abstract name that it draws.
absl::StatusOr<MeshListener> ListenUnix();
// "IP:PORT" or "[IP]:PORT", with a port that is free. What goes over it is neither encrypted nor signed, and who can
// read it can send in a member's name: for loopback, or a network of trusted machines. InvalidArgument: `ip` is no
// address.
absl::StatusOr<MeshListener> ListenTcp(const std::string& ip);

// Sockets by member, that of `self` excepted, which is none. `addresses`: by member; `secret`: kLocalSecretDigits (see
// common/local/local_socket.h) that only members know; `group` tells groups apart by its epoch, too. Members with a
// greater number connect to those with a smaller one. A stranger's connection is closed and counts for nothing.
//
// DeadlineExceeded: after `timeout`, with the names of those who have not come. Unavailable: nobody listens at an
// address any more. ResourceExhausted: no descriptors or memory are left. InvalidArgument: the addresses or the secret
// can't be.
absl::StatusOr<std::vector<Descriptor>> ConnectMesh(const Group& group, uint32_t self, const MeshListener& listener,
                                                    const std::vector<std::string>& addresses,
                                                    const std::string& secret, std::chrono::milliseconds timeout);

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_MESH_H_
