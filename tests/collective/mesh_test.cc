#include "worker/collective/mesh.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/collective/members.h"
#include "worker/collective/outbox.h"

namespace pumasi {
namespace {

using std::chrono::milliseconds;

absl::Status Connect(const Meeting& meeting, uint32_t self, milliseconds timeout) {
  return ConnectMesh(meeting.group, self, meeting.listeners[self], meeting.addresses, meeting.secret, timeout).status();
}

// Of all members but `absent`.
std::vector<absl::Status> ConnectWithout(uint32_t absent, Transport transport, milliseconds timeout) {
  const Meeting meeting(EvenGroup(4, 4), transport);
  std::vector<absl::Status> outcomes(4);
  InThreads(AllOf(meeting.group), [&](uint32_t self) {
    if (self != absent) outcomes[self] = Connect(meeting, self, timeout);
  });
  return outcomes;
}

// Nobody but `absent` is named, by all others.
bool Named(uint32_t absent, const std::vector<absl::Status>& outcomes) {
  for (uint32_t self = 0; self < outcomes.size(); ++self) {
    if (self == absent) continue;
    if (!absl::IsDeadlineExceeded(outcomes[self])) return false;
    for (uint32_t member = 0; member < outcomes.size(); ++member) {
      const bool there = outcomes[self].message().find("worker-" + std::to_string(member)) != std::string::npos;
      if (there != (member == absent)) return false;
    }
  }
  return true;
}

TEST_CASE("Who does not come is named by those who wait for it, and nobody else is") {
  for (const Transport transport : {Transport::kUnix, Transport::kTcp}) {
    for (const uint32_t absent : {0u, 1u, 3u}) {
      CAPTURE(NameOf(transport), absent);
      std::vector<absl::Status> outcomes;
      // Longer where the machine is so slow that others come too late, too.
      for (const int timeout : {200, 2000, 10000}) {
        outcomes = ConnectWithout(absent, transport, milliseconds(timeout));
        if (Named(absent, outcomes)) break;
      }
      INFO(outcomes[0] << "; " << outcomes[1] << "; " << outcomes[2] << "; " << outcomes[3]);
      CHECK(Named(absent, outcomes));
    }
  }
}

// Sockets that wait at a member's door.
std::vector<Descriptor> Strangers(const MeshListener& listener, int count) {
  std::vector<Descriptor> strangers;
  for (int i = 0; i < count; ++i) {
    strangers.push_back(DialLocal(listener.address.substr(sizeof "unix:" - 1)).value());
  }
  return strangers;
}

TEST_CASE("After its time a member takes nobody, however many there are at its door") {
  const Meeting meeting(EvenGroup(2, 2), Transport::kUnix);
  const auto strangers = Strangers(meeting.listeners[0], 3);
  const auto outcome = Connect(meeting, 0, milliseconds(0));
  INFO(outcome);
  CHECK(absl::IsDeadlineExceeded(outcome));
  for (size_t i = 0; i < strangers.size(); ++i) {
    CHECK(Descriptor(accept4(meeting.listeners[0].socket.get(), nullptr, nullptr, 0)).get() >= 0);
  }
}

TEST_CASE("A listener's accept does not wait") {
  for (const Transport transport : {Transport::kUnix, Transport::kTcp}) {
    const Meeting meeting(EvenGroup(1, 1), transport);
    CHECK((fcntl(meeting.listeners[0].socket.get(), F_GETFL) & O_NONBLOCK) != 0);
  }
}

TEST_CASE("Without descriptors for those who come a member says so, and does not try for ever") {
  const Meeting meeting(EvenGroup(2, 2), Transport::kUnix);
  const auto strangers = Strangers(meeting.listeners[0], 1);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur =
      static_cast<rlim_t>(Descriptor(dup(meeting.listeners[0].socket.get())).get());  // the first that is free
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto outcome = Connect(meeting, 0, std::chrono::minutes(1));
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  INFO(outcome);
  CHECK(absl::IsResourceExhausted(outcome));
}

TEST_CASE("Nobody listens at an address any more") {
  for (const Transport transport : {Transport::kUnix, Transport::kTcp}) {
    Meeting meeting(EvenGroup(2, 2), transport);
    meeting.addresses[0] = (transport == Transport::kTcp ? ListenTcp("127.0.0.1") : ListenUnix())->address;
    const auto outcome = meeting.Join(1).status();
    INFO(outcome);
    CHECK(absl::IsUnavailable(outcome));
    CHECK(std::string(outcome.message()).find("worker-0") != std::string::npos);
  }
}

TEST_CASE("Strangers and members of another group are not let in, and hold nobody up") {
  for (const Transport transport : {Transport::kUnix, Transport::kTcp}) {
    const Meeting meeting(EvenGroup(2, 2), transport);
    Meeting other(EvenGroup(2, 2), transport), older(EvenGroup(2, 2), transport);
    other.addresses[0] = older.addresses[0] = meeting.addresses[0];
    older.secret = meeting.secret;
    older.group.epoch = 6;
    std::vector<absl::Status> outcomes(4);
    InThreads({0, 1, 2, 3}, [&](uint32_t who) {
      if (who == 0) outcomes[0] = meeting.Join(0).status();
      if (who == 1) outcomes[1] = meeting.Join(1).status();
      if (who == 2) outcomes[2] = other.Join(1, milliseconds(500)).status();
      if (who == 3) outcomes[3] = older.Join(1, milliseconds(500)).status();
    });
    CHECK(outcomes[0] == absl::OkStatus());
    CHECK(outcomes[1] == absl::OkStatus());
    CHECK_FALSE(outcomes[2].ok());
    CHECK_FALSE(outcomes[3].ok());
  }
}

TEST_CASE("Addresses and secrets that can't be are refused") {
  CHECK(absl::IsInvalidArgument(ListenTcp("localhost").status()));
  const Meeting meeting(EvenGroup(2, 2), Transport::kUnix);
  const auto connect = [&](const std::vector<std::string>& addresses, const std::string& secret) {
    return ConnectMesh(meeting.group, 1, meeting.listeners[1], addresses, secret, milliseconds(100)).status();
  };
  CHECK(absl::IsInvalidArgument(connect({meeting.addresses[0]}, meeting.secret)));
  CHECK(absl::IsInvalidArgument(connect(meeting.addresses, "short")));
  CHECK(absl::IsInvalidArgument(connect({"nowhere", ""}, meeting.secret)));
  CHECK(absl::IsInvalidArgument(connect({"a.name:80", ""}, meeting.secret)));
}

TEST_CASE("Memory that another process could shrink, or of another size, is not taken") {
  const auto outbox = Outbox::Create(2);
  REQUIRE(outbox.ok());
  const auto open = [](int file, size_t nodes) { return Outbox::Open(Descriptor(dup(file)), nodes).status(); };
  CHECK(open((*outbox)->file(), 2).ok());
  CHECK(absl::IsInvalidArgument(open((*outbox)->file(), 1)));
  const Descriptor plain(memfd_create("plain", 0));
  REQUIRE(ftruncate(plain.get(), 4096 + 2 * 3 * Outbox::kRound * 4) == 0);
  CHECK(absl::IsInvalidArgument(open(plain.get(), 2)));
  // Who has opened it can read it alone.
  CHECK(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, (*outbox)->file(), 0) == MAP_FAILED);
}

}  // namespace
}  // namespace pumasi
