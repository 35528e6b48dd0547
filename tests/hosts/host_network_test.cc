// Real namespaces: what is sent from host to host, and what of it is lost. Needs the right to make them (root); skips
// with a line otherwise.
#include "tools/hosts/host_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <string>

#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

constexpr uint16_t kPort = 5000;

std::unique_ptr<HostNetwork> Network(const TempFolder& folder) {
  auto network = HostNetwork::Make(folder.path());
  if (absl::IsPermissionDenied(network.status()) || absl::IsNotFound(network.status())) {
    std::cout << "SKIPPED: " << network.status().message() << "\n";
    return nullptr;
  }
  INFO(network.status().message());
  REQUIRE(network.ok());
  return *std::move(network);
}

ino_t CurrentNamespace();

TEST_CASE("Whether hosts can be made is told without making any") {
  const ino_t before = CurrentNamespace();
  const absl::Status told = HostNetwork::Check();
  CHECK(CurrentNamespace() == before);
  TempFolder folder;
  CHECK(HostNetwork::Make(folder.path()).status().code() == told.code());
}

ino_t CurrentNamespace() {
  struct stat data;
  REQUIRE(stat("/proc/thread-self/ns/net", &data) == 0);
  return data.st_ino;
}

sockaddr_in Address(uint32_t ip) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  address.sin_addr.s_addr = htonl(ip);
  return address;
}

// A UDP socket on a host.
class Socket {
 public:
  explicit Socket(const HostNetwork::Host& host) {
    const int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    REQUIRE(setns(host.network, CLONE_NEWNET) == 0);
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Address(host.ip);
    const bool bound = bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    REQUIRE(setns(here, CLONE_NEWNET) == 0);
    close(here);
    REQUIRE(bound);
  }
  ~Socket() { close(fd_); }
  void Send(const HostNetwork::Host& to, char what) const {
    const sockaddr_in address = Address(to.ip);
    (void)!sendto(fd_, &what, 1, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  // How many '.' come before the next '!'; -1: none comes within 10 s.
  int ReceiveUntilMark() const {
    for (int count = 0;;) {
      pollfd event{fd_, POLLIN, 0};
      if (poll(&event, 1, 10000) != 1) return -1;
      char what = 0;
      if (recv(fd_, &what, 1, 0) != 1) return -1;
      if (what == '!') return count;
      ++count;
    }
  }

 private:
  int fd_ = -1;
};

}  // namespace

TEST_CASE("packets are lost in the direction and to the extent that was asked for, until that is undone") {
  TempFolder folder;
  const ino_t before = CurrentNamespace();
  {
    const auto network = Network(folder);
    if (network == nullptr) return;
    CHECK(CurrentNamespace() != before);
    const HostNetwork::Host *a = network->Find("a").value(), *b = network->Find("b").value();
    CHECK(network->Find("a").value() == a);
    CHECK(a->address == "10.99.0.1");
    CHECK(b->address == "10.99.0.2");
    const Socket from(*a), to(*b);
    // In groups, so that the receiver's buffer holds them.
    const auto arrive = [&](const Socket& sender, const HostNetwork::Host& target, const Socket& receiver, int count) {
      int arrived = 0;
      for (int sent = 0; sent < count; sent += 50) {
        for (int i = 0; i < 50; ++i) sender.Send(target, '.');
        REQUIRE(network->Lose("a", {}, {}).ok());
        sender.Send(target, '!');
        arrived += receiver.ReceiveUntilMark();
      }
      return arrived;
    };
    from.Send(*b, '!');  // and both know the other's hardware address
    REQUIRE(to.ReceiveUntilMark() == 0);
    CHECK(arrive(from, *b, to, 50) == 50);

    PacketFilter all, one, some;
    all.all = true;
    one.peers = {b->ip};
    REQUIRE(network->Lose("a", all, {}).ok());
    CHECK(arrive(from, *b, to, 50) == 0);
    REQUIRE(network->Lose("a", all, {}).ok());
    CHECK(arrive(to, *a, from, 50) == 50);
    REQUIRE(network->Lose("a", {}, all).ok());
    CHECK(arrive(to, *a, from, 50) == 0);
    REQUIRE(network->Lose("a", {}, one).ok());
    CHECK(arrive(to, *a, from, 50) == 0);
    int arrived = 0;
    some.loss = 0.2;
    for (int i = 0; i < 20; ++i) {
      REQUIRE(network->Lose("a", some, {}).ok());
      arrived += arrive(from, *b, to, 50);
    }
    CHECK(arrived > 1000 * 0.7);
    CHECK(arrived < 1000 * 0.9);

    // Both ways of a link are narrow then, and what fits gets through.
    REQUIRE(network->Limit("b", 0).ok());
    REQUIRE(network->Limit("b", 1'000'000).ok());
    CHECK_FALSE(network->Limit("b", 1'000'000).ok());
    CHECK(arrive(from, *b, to, 50) == 50);
    CHECK(arrive(to, *a, from, 50) == 50);
  }
  CHECK(CurrentNamespace() == before);
}

}  // namespace pumasi
