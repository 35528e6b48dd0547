#include "worker/collective/socket_io.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/errno_status.h"
#include "common/passed_files.h"

namespace pumasi {
namespace {

constexpr char kSubject[] = "a member's socket";

// Whether the call is to be made again once the socket is ready.
bool Later() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

absl::Status Gone() { return absl::UnavailableError("the other side is gone"); }

absl::Status Failed(const char* action) {
  if (errno == EPIPE || errno == ECONNRESET) return Gone();
  return ErrnoStatus(errno, kSubject, action);
}

}  // namespace

int MillisecondsUntil(SocketDeadline deadline) {
  using std::chrono::milliseconds;
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 60000));
}

absl::Status WaitForSocket(int socket, short events, SocketDeadline deadline) {
  while (true) {
    pollfd end{socket, events, 0};
    const int left = MillisecondsUntil(deadline);
    const int ready = poll(&end, 1, left);
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, kSubject, "wait for it");
    if (left == 0) return absl::DeadlineExceededError("it took too long");
  }
}

absl::Status SendAll(int socket, const void* bytes, size_t size, SocketDeadline deadline) {
  const char* next = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t sent = send(socket, next, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && !Later()) return Failed("send");
    if (sent < 0) {
      if (absl::Status status = WaitForSocket(socket, POLLOUT, deadline); !status.ok()) return status;
      continue;
    }
    next += sent;
    size -= static_cast<size_t>(sent);
  }
  return absl::OkStatus();
}

absl::Status ReceiveAll(int socket, void* bytes, size_t size, SocketDeadline deadline) {
  char* next = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t got = recv(socket, next, size, MSG_DONTWAIT);
    if (got == 0) return Gone();
    if (got < 0 && !Later()) return Failed("receive");
    if (got < 0) {
      if (absl::Status status = WaitForSocket(socket, POLLIN, deadline); !status.ok()) return status;
      continue;
    }
    next += got;
    size -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::Status SendFile(int socket, int file, SocketDeadline deadline) {
  char byte = 1;
  while (SendWithFiles(socket, &byte, 1, {file}, MSG_DONTWAIT) < 0) {
    if (!Later()) return Failed("hand a file over");
    if (absl::Status status = WaitForSocket(socket, POLLOUT, deadline); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<Descriptor> ReceiveFile(int socket, SocketDeadline deadline) {
  char byte = 0;
  // All of them, so that those which nobody wanted are closed.
  std::vector<Descriptor> files;
  bool lost = false;
  ssize_t got;
  while ((got = ReceiveWithFiles(socket, &byte, 1, MSG_DONTWAIT, &files, &lost)) < 0) {
    if (!Later()) return Failed("take a file over");
    if (absl::Status status = WaitForSocket(socket, POLLIN, deadline); !status.ok()) return status;
  }
  if (got == 0) return Gone();
  if (files.size() != 1 || lost) {
    return absl::InvalidArgumentError(
        absl::StrCat("it sent something else where it had to hand one file over, with ", files.size(), " files"));
  }
  return std::move(files[0]);
}

}  // namespace pumasi
