// What gRPC does not tell about an address that it binds.
#ifndef PUMASI_COMMON_LISTEN_PROBE_H_
#define PUMASI_COMMON_LISTEN_PROBE_H_

#include <string>

#include "absl/status/status.h"
#include "common/address.h"

namespace pumasi {

// Makes a unix socket's path free to bind: removes the file of a socket that nobody listens on. AlreadyExists if
// somebody does, or if the file is no socket. Nothing to do for other addresses. (gRPC itself would take a path from
// its owner.)
absl::Status FreeUnixSocket(const Address& address);

// Why the address can't be bound, by trying it: AlreadyExists for a port in use, PermissionDenied, InvalidArgument for
// an address that is none of this machine's or a name that does not resolve. OK if it can be bound now.
absl::Status ProbeListen(const Address& address);

// This machine's name, if it resolves to an address that is not loopback; otherwise empty.
std::string ReachableHostName();

}  // namespace pumasi

#endif  // PUMASI_COMMON_LISTEN_PROBE_H_
