#include "worker/collective/mesh.h"

#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/collective/members.h"
#include "worker/collective/outbox.h"

namespace pumasi {
namespace {

using std::chrono::milliseconds;

TEST_CASE("Who does not come is named by those who wait for it") {
  for (const Transport transport : {Transport::kUnix, Transport::kTcp}) {
    for (const uint32_t absent : {0u, 1u, 3u}) {
      CAPTURE(NameOf(transport), absent);
      const Meeting meeting(EvenGroup(4, 4), transport);
      std::vector<absl::Status> outcomes(4);
      InThreads(AllOf(meeting.group), [&](uint32_t self) {
        if (self == absent) return;
        outcomes[self] = ConnectMesh(meeting.group, self, meeting.listeners[self], meeting.addresses, meeting.secret,
                                     milliseconds(300))
                             .status();
      });
      for (uint32_t self = 0; self < 4; ++self) {
        if (self == absent) continue;
        INFO(self << ": " << outcomes[self]);
        CHECK(absl::IsDeadlineExceeded(outcomes[self]));
        CHECK(std::string(outcomes[self].message()).find(meeting.group.members[absent]) != std::string::npos);
      }
    }
  }
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
