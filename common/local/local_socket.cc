#include "common/local/local_socket.h"

#include <errno.h>
#include <stddef.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/errno_status.h"
#include "common/passed_files.h"

namespace pumasi {
namespace {

constexpr int kBacklog = 128;
constexpr timeval kHandshake{2, 0};
constexpr char kSubject[] = "shared memory";
constexpr char kWelcome = 1;
constexpr size_t kMemories = 2;

// Of the abstract name "pumasi-NAME", and its length.
socklen_t FillAddress(absl::string_view name, sockaddr_un* address) {
  *address = {};
  address->sun_family = AF_UNIX;
  const std::string path = absl::StrCat("pumasi-", name.substr(0, kLocalSecretDigits));
  path.copy(address->sun_path + 1, sizeof address->sun_path - 1);  // a 0 comes first
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + path.size());
}

absl::Status SetTimeouts(const Descriptor& socket) {
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    if (setsockopt(socket.get(), SOL_SOCKET, option, &kHandshake, sizeof kHandshake) != 0) {
      return ErrnoStatus(errno, kSubject, "set a socket's timeout");
    }
  }
  return absl::OkStatus();
}

absl::Status SendHello(const Descriptor& socket, absl::string_view token, const int (&files)[kMemories]) {
  const ssize_t sent = SendWithFiles(socket.get(), token.data(), token.size(), {files[0], files[1]}, 0);
  if (sent < 0) return ErrnoStatus(errno, kSubject, "hand it over");
  if (static_cast<size_t>(sent) == token.size()) return absl::OkStatus();
  return absl::UnavailableError("the other end did not take the token");
}

struct Hello {
  std::string token;
  Descriptor first{-1}, second{-1};
};

// What came, in any case: descriptors that nobody wanted are closed.
absl::StatusOr<std::unique_ptr<Hello>> ReceiveHello(const Descriptor& socket) {
  char bytes[kLocalSecretDigits];
  std::vector<Descriptor> files;
  bool lost = false;
  const ssize_t got = ReceiveWithFiles(socket.get(), bytes, sizeof bytes, MSG_WAITALL, &files, &lost);
  if (got < 0) return ErrnoStatus(errno, kSubject, "take it over");
  if (got != sizeof bytes || files.size() != kMemories || lost) {
    return absl::InvalidArgumentError("the other end did not send a token and two memories");
  }
  return std::make_unique<Hello>(Hello{std::string(bytes, sizeof bytes), std::move(files[0]), std::move(files[1])});
}

}  // namespace

absl::Status CheckLocalUser(const Descriptor& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return ErrnoStatus(errno, kSubject, "see who is at the other end");
  }
  if (peer.uid == geteuid()) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat("the process at the other end belongs to user ", peer.uid));
}

std::string DrawLocalSecret() {
  char bytes[kLocalSecretDigits / 2];
  // Of so few bytes the system gives all, and an interrupted call none.
  while (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
  }
  return absl::BytesToHexString(absl::string_view(bytes, sizeof bytes));
}

absl::StatusOr<LocalListener> ListenLocal() {
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (listener.get() < 0) return ErrnoStatus(errno, kSubject, "make a socket");
  const std::string name = DrawLocalSecret();
  sockaddr_un address;
  const socklen_t size = FillAddress(name, &address);
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      listen(listener.get(), kBacklog) != 0) {
    return ErrnoStatus(errno, kSubject, "listen for it");
  }
  return LocalListener{std::move(listener), name};
}

absl::StatusOr<Descriptor> DialLocal(absl::string_view name) {
  if (name.size() != kLocalSecretDigits) {
    return absl::InvalidArgumentError(absl::StrCat("names have ", kLocalSecretDigits, " digits"));
  }
  Descriptor end(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (end.get() < 0) return ErrnoStatus(errno, kSubject, "make a socket");
  if (absl::Status status = SetTimeouts(end); !status.ok()) return status;
  sockaddr_un address;
  const socklen_t size = FillAddress(name, &address);
  if (connect(end.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    if (errno == ECONNREFUSED) return absl::NotFoundError("nobody on this host listens there");
    return ErrnoStatus(errno, kSubject, "connect");
  }
  if (absl::Status status = CheckLocalUser(end); !status.ok()) return status;
  return end;
}

absl::StatusOr<std::unique_ptr<LocalLink>> ConnectLocal(absl::string_view name, absl::string_view token) {
  if (token.size() != kLocalSecretDigits) {
    return absl::InvalidArgumentError(absl::StrCat("tokens have ", kLocalSecretDigits, " digits"));
  }
  auto dialled = DialLocal(name);
  if (!dialled.ok()) return dialled.status();
  Descriptor end = *std::move(dialled);
  auto sent = MessageMemory::Create();
  if (!sent.ok()) return sent.status();
  auto received = MessageMemory::Create();
  if (!received.ok()) return received.status();
  if (absl::Status status = SendHello(end, token, {(*sent)->file(), (*received)->file()}); !status.ok()) return status;
  char answer = 0;
  const ssize_t got = recv(end.get(), &answer, 1, 0);
  if (got < 0) return ErrnoStatus(errno, kSubject, "hear whether it was taken");
  if (got == 0 || answer != kWelcome) return absl::PermissionDeniedError("the other end refused the connection");
  return LocalLink::Create(std::move(end), *std::move(sent), *std::move(received));
}

absl::StatusOr<std::unique_ptr<LocalLink>> AcceptLocal(Descriptor socket,
                                                       const std::function<bool(absl::string_view)>& take_token) {
  if (absl::Status status = CheckLocalUser(socket); !status.ok()) return status;
  if (absl::Status status = SetTimeouts(socket); !status.ok()) return status;
  auto hello = ReceiveHello(socket);
  if (!hello.ok()) return hello.status();
  if (!take_token((*hello)->token)) return absl::PermissionDeniedError("the token is not one of ours, or is too old");
  // What the caller sends is what is received here.
  auto received = MessageMemory::Open(std::move((*hello)->first));
  if (!received.ok()) return received.status();
  auto sent = MessageMemory::Open(std::move((*hello)->second));
  if (!sent.ok()) return sent.status();
  if (send(socket.get(), &kWelcome, 1, MSG_NOSIGNAL) != 1) return ErrnoStatus(errno, kSubject, "take it over");
  return LocalLink::Create(std::move(socket), *std::move(sent), *std::move(received));
}

}  // namespace pumasi
