#include "worker/collective/mesh.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/address.h"
#include "common/errno_status.h"
#include "common/local/local_socket.h"
#include "worker/collective/socket_io.h"

namespace pumasi {
namespace {

constexpr char kUnix[] = "unix:";
constexpr uint64_t kMagic = 0x6d75732d65657274;  // also tells machines of another byte order apart
constexpr char kWelcome = 1;
// A stranger who says nothing holds the others up for no longer.
constexpr std::chrono::milliseconds kHelloTime{500};

struct Hello {
  uint64_t magic = kMagic;
  uint64_t epoch = 0;
  uint32_t from = 0, to = 0;
  char secret[kLocalSecretDigits] = {};
};

struct FreeInfo {
  void operator()(addrinfo* info) const { freeaddrinfo(info); }
};
using Info = std::unique_ptr<addrinfo, FreeInfo>;

// Of numbers alone: nobody is asked for names.
absl::StatusOr<Info> Numeric(const std::string& ip, int port, int flags) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | flags;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(ip.c_str(), absl::StrCat(port).c_str(), &hints, &found) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("'", ip, "' is no IP address"));
  }
  return Info(found);
}

absl::StatusOr<Descriptor> DialTcp(const std::string& address, SocketDeadline deadline) {
  const auto parsed = ParseAddress(address);
  if (!parsed.ok()) return parsed.status();
  auto info = Numeric(parsed->host, parsed->port, 0);
  if (!info.ok()) return info.status();
  Descriptor end(socket((*info)->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (end.get() < 0) return ErrnoStatus(errno, address, "make a socket");
  if (connect(end.get(), (*info)->ai_addr, (*info)->ai_addrlen) == 0) return end;
  if (errno != EINPROGRESS) return ErrnoStatus(errno, address, "connect");
  if (absl::Status status = WaitForSocket(end.get(), POLLOUT, deadline); !status.ok()) return status;
  int error = 0;
  socklen_t size = sizeof error;
  (void)getsockopt(end.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == ECONNREFUSED) return absl::UnavailableError("nobody listens at " + address);
  if (error != 0) return ErrnoStatus(error, address, "connect");
  return end;
}

absl::StatusOr<Descriptor> Dial(const std::string& address, SocketDeadline deadline) {
  absl::string_view name = address;
  if (!absl::ConsumePrefix(&name, kUnix)) return DialTcp(address, deadline);
  auto end = DialLocal(name);
  if (absl::IsNotFound(end.status())) return absl::UnavailableError("nobody listens at " + address);
  return end;
}

// Small messages go at once; without effect on a unix socket.
void SendSoon(const Descriptor& socket) {
  const int on = 1;
  (void)setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Of accept4: an error of this process or host. Others are of the connection alone, which is gone then.
bool IsOfHere(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS || error == EBADF ||
         error == EINVAL || error == ENOTSOCK;
}

absl::Status About(const std::string& member, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(member, ": ", status.message()));
}

// Sockets of those that have come, by member.
class Meeting {
 public:
  Meeting(const Group& group, uint32_t self, const std::string& secret, std::chrono::milliseconds timeout)
      : group_(group), self_(self), timeout_(timeout), deadline_(std::chrono::steady_clock::now() + timeout) {
    hello_.epoch = group.epoch;
    hello_.from = self;
    secret.copy(hello_.secret, sizeof hello_.secret);
  }

  absl::Status DialSmaller(const std::vector<std::string>& addresses) {
    for (uint32_t member = 0; member < self_; ++member) {
      auto end = Dial(addresses[member], deadline_);
      if (absl::IsDeadlineExceeded(end.status())) return Late();
      if (!end.ok()) return About(group_.members[member], end.status());
      Hello hello = hello_;
      hello.to = member;
      absl::Status status = SendAll(end->get(), &hello, sizeof hello, deadline_);
      if (!status.ok()) return About(group_.members[member], status);
      SendSoon(*end);
      dialled_.emplace(member, *std::move(end));
    }
    return absl::OkStatus();
  }

  absl::Status AcceptGreater(const MeshListener& listener) {
    while (came_.size() < group_.size() - 1 - self_) {
      // With strangers who come one after the other there is always somebody.
      if (std::chrono::steady_clock::now() >= deadline_) return Late();
      absl::Status status = WaitForSocket(listener.socket.get(), POLLIN, deadline_);
      if (absl::IsDeadlineExceeded(status)) return Late();
      if (!status.ok()) return status;
      Descriptor end(accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (end.get() < 0 && IsOfHere(errno)) return ErrnoStatus(errno, listener.address, "take a connection");
      if (end.get() < 0 || (absl::StartsWith(listener.address, kUnix) && !CheckLocalUser(end).ok())) continue;
      const auto member = Greet(end);
      if (!member.has_value()) continue;
      SendSoon(end);
      came_.emplace(*member, std::move(end));
    }
    return absl::OkStatus();
  }

  // Those with smaller numbers have to say that they take us.
  absl::Status HearWelcome() {
    while (!dialled_.empty()) {
      const auto first = dialled_.begin();
      absl::Status status = TakeWelcome(first->second);
      if (absl::IsDeadlineExceeded(status)) return Late();
      if (!status.ok()) return About(group_.members[first->first], status);
      came_.insert(dialled_.extract(first));
    }
    return absl::OkStatus();
  }

  std::vector<Descriptor> Take() {
    std::vector<Descriptor> sockets;
    for (uint32_t member = 0; member < group_.size(); ++member) {
      const auto found = came_.find(member);
      sockets.push_back(found == came_.end() ? Descriptor(-1) : std::move(found->second));
    }
    return sockets;
  }

 private:
  // Whom it is, if it is a member that is due.
  std::optional<uint32_t> Greet(const Descriptor& end) {
    Hello hello;
    const auto soon = std::min(deadline_, std::chrono::steady_clock::now() + kHelloTime);
    if (!ReceiveAll(end.get(), &hello, sizeof hello, soon).ok()) return std::nullopt;
    if (hello.magic != kMagic || hello.epoch != group_.epoch || hello.to != self_ || hello.from <= self_ ||
        hello.from >= group_.size() || came_.contains(hello.from) ||
        std::memcmp(hello.secret, hello_.secret, sizeof hello.secret) != 0) {
      return std::nullopt;
    }
    if (!SendAll(end.get(), &kWelcome, 1, soon).ok()) return std::nullopt;
    return hello.from;
  }

  absl::Status TakeWelcome(const Descriptor& end) const {
    char answer = 0;
    return ReceiveAll(end.get(), &answer, 1, deadline_);
  }

  // REQUIRES: it is after the deadline.
  absl::Status Late() {
    // Nobody has looked for these welcomes while another member was waited for.
    for (auto next = dialled_.begin(); next != dialled_.end();) {
      const auto end = next++;
      if (TakeWelcome(end->second).ok()) came_.insert(dialled_.extract(end));
    }
    std::vector<std::string> missing;
    for (uint32_t member = 0; member < group_.size(); ++member) {
      if (member != self_ && !came_.contains(member)) missing.push_back(group_.members[member]);
    }
    return absl::DeadlineExceededError(absl::StrCat(absl::StrJoin(missing, ", "),
                                                    " did not come to the group of epoch ", group_.epoch, " within ",
                                                    timeout_.count(), " ms"));
  }

  const Group& group_;
  const uint32_t self_;
  const std::chrono::milliseconds timeout_;
  const SocketDeadline deadline_;
  Hello hello_;
  std::map<uint32_t, Descriptor> dialled_, came_;
};

}  // namespace

absl::StatusOr<MeshListener> ListenUnix() {
  auto listener = ListenLocal();
  if (!listener.ok()) return listener.status();
  return MeshListener{std::move(listener->socket), kUnix + listener->name};
}

absl::StatusOr<MeshListener> ListenTcp(const std::string& ip) {
  auto info = Numeric(ip, 0, AI_PASSIVE);
  if (!info.ok()) return info.status();
  Descriptor listener(socket((*info)->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (listener.get() < 0) return ErrnoStatus(errno, ip, "make a socket");
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (bind(listener.get(), (*info)->ai_addr, (*info)->ai_addrlen) != 0 || listen(listener.get(), SOMAXCONN) != 0 ||
      getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return ErrnoStatus(errno, ip, "listen");
  }
  Address address;
  address.host = ip;
  address.port = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                                   : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
  return MeshListener{std::move(listener), address.ToString()};
}

absl::StatusOr<std::vector<Descriptor>> ConnectMesh(const Group& group, uint32_t self, const MeshListener& listener,
                                                    const std::vector<std::string>& addresses,
                                                    const std::string& secret, std::chrono::milliseconds timeout) {
  if (absl::Status status = CheckGroup(group); !status.ok()) return status;
  if (self >= group.size() || addresses.size() != group.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("member ", self, " of ", group.size(), " got ", addresses.size(), " addresses"));
  }
  if (secret.size() != kLocalSecretDigits) {
    return absl::InvalidArgumentError(absl::StrCat("a group's secret has ", kLocalSecretDigits, " digits"));
  }
  Meeting meeting(group, self, secret, timeout);
  absl::Status status = meeting.DialSmaller(addresses);
  if (status.ok()) status = meeting.AcceptGreater(listener);
  if (status.ok()) status = meeting.HearWelcome();
  if (!status.ok()) return status;
  return meeting.Take();
}

}  // namespace pumasi
