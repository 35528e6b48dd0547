// Small messages over connected sockets, with deadlines.
#ifndef PUMASI_WORKER_COLLECTIVE_SOCKET_IO_H_
#define PUMASI_WORKER_COLLECTIVE_SOCKET_IO_H_

#include <chrono>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/descriptor.h"

namespace pumasi {

using SocketDeadline = std::chrono::steady_clock::time_point;

// Milliseconds until then, at least 0, rounded up: for poll.
int MillisecondsUntil(SocketDeadline deadline);

// Each of them: DeadlineExceeded; Unavailable where the other side is gone.

// Until poll finds one of `events`, or an error, which the next call on the socket tells.
absl::Status WaitForSocket(int socket, short events, SocketDeadline deadline);
absl::Status SendAll(int socket, const void* bytes, size_t size, SocketDeadline deadline);
absl::Status ReceiveAll(int socket, void* bytes, size_t size, SocketDeadline deadline);

// Hands an open file over, by a unix socket, with one byte.
absl::Status SendFile(int socket, int file, SocketDeadline deadline);
// InvalidArgument: something else came, or more than one file; they are closed.
absl::StatusOr<Descriptor> ReceiveFile(int socket, SocketDeadline deadline);

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_SOCKET_IO_H_
