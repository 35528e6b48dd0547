#include "common/listen_probe.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/errno_status.h"

namespace pumasi {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

absl::StatusOr<Addresses> Resolve(const std::string& host, int port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host.c_str(), absl::StrCat(port).c_str(), &hints, &list);
  if (error != 0) return absl::InvalidArgumentError(absl::StrCat(host, ": ", gai_strerror(error)));
  return Addresses(list);
}

// Closes at the end of the scope.
struct Socket {
  explicit Socket(int family) : fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd >= 0) close(fd);
  }
  const int fd;
};

}  // namespace

absl::Status FreeUnixSocket(const Address& address) {
  if (!address.is_unix()) return absl::OkStatus();
  struct stat info;
  if (lstat(address.path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : ErrnoStatus(errno, address.path, "look at");
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::AlreadyExistsError(absl::StrCat(address.path, ": is there and is no socket; it is left alone"));
  }
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (address.path.size() >= sizeof(name.sun_path)) return ErrnoStatus(ENAMETOOLONG, address.path, "listen");
  std::memcpy(name.sun_path, address.path.c_str(), address.path.size() + 1);
  const Socket probe(AF_UNIX);
  if (probe.fd < 0) return ErrnoStatus(errno, address.path, "make a socket");
  if (connect(probe.fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0) {
    return absl::AlreadyExistsError(absl::StrCat(address.path, ": somebody listens there already"));
  }
  if (errno != ECONNREFUSED) return ErrnoStatus(errno, address.path, "see whether somebody listens");
  return unlink(address.path.c_str()) == 0 ? absl::OkStatus()
                                           : ErrnoStatus(errno, address.path, "remove the old socket");
}

absl::Status ProbeListen(const Address& address) {
  if (address.is_unix()) {
    const size_t slash = address.path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : address.path.substr(0, slash + 1);
    return access(folder.c_str(), W_OK | X_OK) == 0 ? absl::OkStatus()
                                                    : ErrnoStatus(errno, folder, "make a socket in it");
  }
  const auto addresses = Resolve(address.host, address.port);
  if (!addresses.ok()) return addresses.status();
  for (const addrinfo* entry = addresses->get(); entry != nullptr; entry = entry->ai_next) {
    const Socket probe(entry->ai_family);
    if (probe.fd < 0) continue;
    // As gRPC does: a port whose last owner just ended is free.
    const int on = 1;
    setsockopt(probe.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(probe.fd, entry->ai_addr, entry->ai_addrlen) != 0 || listen(probe.fd, 1) != 0) {
      if (errno == EADDRINUSE)
        return absl::AlreadyExistsError(absl::StrCat(address.ToString(), ": the port is in use"));
      if (errno == EADDRNOTAVAIL) {
        return absl::InvalidArgumentError(absl::StrCat(address.ToString(), ": not an address of this machine"));
      }
      return ErrnoStatus(errno, address.ToString(), "listen");
    }
  }
  return absl::OkStatus();
}

std::string ReachableHostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return "";
  const auto addresses = Resolve(name, 0);
  if (!addresses.ok()) return "";
  for (const addrinfo* entry = addresses->get(); entry != nullptr; entry = entry->ai_next) {
    char text[INET6_ADDRSTRLEN] = {};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST) != 0) return "";
    // Debian gives the machine's name the address 127.0.1.1: others can't dial that.
    if (IsLoopback({"", text, 0})) return "";
  }
  return name;
}

}  // namespace pumasi
