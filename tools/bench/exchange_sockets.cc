// The limit that the system sets: the bytes of an exchange through bare unix sockets, from and to one buffer.
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "common/errno_status.h"
#include "tools/bench/exchange_counters.h"
#include "tools/bench/exchange_first_error.h"
#include "tools/bench/exchange_limits.h"

namespace pumasi {
namespace {

constexpr int kTimeoutSeconds = 20;

// A socket, closed at its end; named by its server's path in errors.
class Socket {
 public:
  static absl::StatusOr<std::unique_ptr<Socket>> Make(const std::string& path) {
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0) return ErrnoStatus(errno, path, "make a socket");
    return std::make_unique<Socket>(path, file);
  }
  Socket(std::string path, int file) : path_(std::move(path)), file_(file) {
    const timeval timeout{kTimeoutSeconds, 0};
    setsockopt(file_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(file_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  }
  ~Socket() { close(file_); }
  // Calls in other threads fail from now on.
  void Shutdown() { shutdown(file_, SHUT_RDWR); }

  absl::Status Listen() {
    const sockaddr_un address = Address();
    if (bind(file_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        listen(file_, kExchangeClients) == 0) {
      return absl::OkStatus();
    }
    return ErrnoStatus(errno, path_, "listen");
  }
  absl::StatusOr<std::unique_ptr<Socket>> Accept() {
    const int file = accept4(file_, nullptr, nullptr, SOCK_CLOEXEC);
    if (file < 0) return ErrnoStatus(errno, path_, "accept a client");
    return std::make_unique<Socket>(path_, file);
  }
  absl::Status Connect() {
    const sockaddr_un address = Address();
    if (connect(file_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, path_, "connect");
  }
  // All of `size` bytes.
  absl::Status Send(const char* bytes, size_t size) {
    while (size > 0) {
      const ssize_t sent = send(file_, bytes, size, MSG_NOSIGNAL);
      if (sent < 0 && errno != EINTR) return ErrnoStatus(errno, path_, "send");
      if (sent > 0) bytes += sent, size -= static_cast<size_t>(sent);
    }
    return absl::OkStatus();
  }
  absl::Status Receive(char* bytes, size_t size) {
    while (size > 0) {
      const ssize_t got = recv(file_, bytes, size, MSG_WAITALL);
      if (got == 0) return absl::UnavailableError(path_ + ": the other side is gone");
      if (got < 0 && errno != EINTR) return ErrnoStatus(errno, path_, "receive");
      if (got > 0) bytes += got, size -= static_cast<size_t>(got);
    }
    return absl::OkStatus();
  }

 private:
  sockaddr_un Address() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    return address;
  }
  const std::string path_;
  const int file_;
};

// A leg: one byte asks for what is pulled, one byte tells that all that was pushed is there.
absl::Status ServeLeg(Socket& client, LegBytes bytes, std::vector<char>& buffer) {
  char byte;
  absl::Status status = client.Receive(&byte, 1);
  if (status.ok()) status = client.Send(buffer.data(), bytes.pulled);
  if (status.ok()) status = client.Receive(buffer.data(), bytes.pushed);
  return status.ok() ? client.Send(&byte, 1) : status;
}

absl::Status AskLeg(Socket& server, LegBytes bytes, std::vector<char>& buffer) {
  char byte = 0;
  absl::Status status = server.Send(&byte, 1);
  if (status.ok()) status = server.Receive(buffer.data(), bytes.pulled);
  if (status.ok()) status = server.Send(buffer.data(), bytes.pushed);
  return status.ok() ? server.Receive(&byte, 1) : status;
}

using Leg = std::function<absl::Status(Socket& peer, std::vector<char>& buffer)>;

// Legs over each socket, a thread for each, until one fails.
absl::Status RunLegs(const std::vector<std::unique_ptr<Socket>>& sockets, LegBytes bytes, const Leg& leg) {
  FirstError error;
  std::vector<std::thread> threads;
  for (const auto& socket : sockets) {
    threads.emplace_back([&error, &leg, bytes, peer = socket.get()] {
      std::vector<char> buffer(std::max(bytes.pulled, bytes.pushed), 'x');
      absl::Status status;
      while (status.ok()) status = leg(*peer, buffer);
      error.Set(status);
    });
  }
  absl::Status status = error.Wait();
  for (const auto& socket : sockets) socket->Shutdown();
  for (std::thread& thread : threads) thread.join();
  return status;
}

}  // namespace

absl::Status RunSocketServer(const std::string& folder, uint32_t number, const std::string& socket, LegBytes bytes) {
  auto counters = ExchangeCounters::Open(folder + "/counters");
  if (!counters.ok()) return counters.status();
  auto listener = Socket::Make(socket);
  if (!listener.ok()) return listener.status();
  if (absl::Status status = (*listener)->Listen(); !status.ok()) return status;
  (*counters)->server(number).TellReady();
  std::vector<std::unique_ptr<Socket>> clients;
  for (uint32_t i = 0; i < kExchangeClients; ++i) {
    auto client = (*listener)->Accept();
    if (!client.ok()) return client.status();
    clients.push_back(*std::move(client));
  }
  return RunLegs(clients, bytes,
                 [&](Socket& client, std::vector<char>& buffer) { return ServeLeg(client, bytes, buffer); });
}

absl::Status RunSocketClient(const std::string& folder, uint32_t number, const std::vector<std::string>& sockets,
                             LegBytes bytes) {
  auto counters = ExchangeCounters::Open(folder + "/counters");
  if (!counters.ok()) return counters.status();
  ExchangeCounter& counter = (*counters)->client(number);
  std::vector<std::unique_ptr<Socket>> servers;
  for (const std::string& path : sockets) {
    auto server = Socket::Make(path);
    if (!server.ok()) return server.status();
    if (absl::Status status = (*server)->Connect(); !status.ok()) return status;
    servers.push_back(*std::move(server));
  }
  return RunLegs(servers, bytes, [&](Socket& server, std::vector<char>& buffer) {
    absl::Status status = AskLeg(server, bytes, buffer);
    if (!status.ok()) return status;
    counter.AddLegs(1, bytes.pulled + bytes.pushed);
    if (counter.legs() >= kLimitWarmUp) counter.TellReady();
    return status;
  });
}

}  // namespace pumasi
