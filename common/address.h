// Addresses of nodes: HOST:PORT, [::1]:PORT, unix:PATH.
#ifndef PUMASI_COMMON_ADDRESS_H_
#define PUMASI_COMMON_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pumasi {

struct Address {
  // Not empty: a unix socket, and host and port mean nothing.
  std::string path;
  // A name or an IP address, without brackets.
  std::string host;
  int port = 0;

  bool is_unix() const { return !path.empty(); }

  // As it was written; gRPC takes it as a target and to listen on.
  std::string ToString() const;

  friend bool operator==(const Address&, const Address&) = default;
};

// Port 0 is allowed: any free one. InvalidArgument says what an address looks like.
absl::StatusOr<Address> ParseAddress(absl::string_view text);

// Reachable from this machine alone: 127.0.0.0/8, ::1, localhost, unix sockets.
bool IsLoopback(const Address& address);

// All interfaces: 0.0.0.0, ::. Can be bound and not dialled.
bool IsWildcard(const Address& address);

// The address that others dial: `advertise` (HOST:PORT, or HOST or HOST:0 for the bound port) if it is not empty,
// otherwise `bound`, with `host_name` in place of a wildcard. FailedPrecondition, saying what to set, if that is a
// wildcard and `host_name` is empty. `bound` has its real port.
absl::StatusOr<Address> AdvertisedAddress(const Address& bound, absl::string_view advertise,
                                          absl::string_view host_name);

}  // namespace pumasi

#endif  // PUMASI_COMMON_ADDRESS_H_
