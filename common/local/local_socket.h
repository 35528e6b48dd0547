// How two processes of one host, of one user and in one network namespace, come to share memory: over a unix socket
// with an abstract name, which no other host or network namespace can reach.
#ifndef PUMASI_COMMON_LOCAL_LOCAL_SOCKET_H_
#define PUMASI_COMMON_LOCAL_LOCAL_SOCKET_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/descriptor.h"
#include "common/local/local_link.h"

namespace pumasi {

// 128 random bits from the system, as 32 hexadecimal digits.
inline constexpr size_t kLocalSecretDigits = 32;
std::string DrawLocalSecret();

// A socket that listens at a name that it has drawn; accept does not wait.
struct LocalListener {
  Descriptor socket;
  std::string name;
};
absl::StatusOr<LocalListener> ListenLocal();

// OK if a process of this process' user is at the other end. Takes no time.
absl::Status CheckLocalUser(const Descriptor& socket);

// A socket that is connected to the listener of that name, and gives sending and receiving up after two seconds.
// NotFound and PermissionDenied as ConnectLocal.
absl::StatusOr<Descriptor> DialLocal(absl::string_view name);

// Connects to the listener of that name, shows the token, which has to be a DrawLocalSecret of the listener's process,
// and hands over the memory. Takes two seconds at most. NotFound: nobody listens there, most often since the listener
// is on another host. PermissionDenied: another user's process does, or it does not know the token.
absl::StatusOr<std::unique_ptr<LocalLink>> ConnectLocal(absl::string_view name, absl::string_view token);

// The other side of it, for a socket that was accepted. `take_token`: whether that is a token which may be used now.
absl::StatusOr<std::unique_ptr<LocalLink>> AcceptLocal(Descriptor socket,
                                                       const std::function<bool(absl::string_view)>& take_token);

}  // namespace pumasi

#endif  // PUMASI_COMMON_LOCAL_LOCAL_SOCKET_H_
