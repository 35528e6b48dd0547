#include "common/local/local_link.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/local/payload_text.h"

namespace pumasi {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kLong{20};

// Both ends of a connection, and what they share.
struct Pair {
  std::shared_ptr<MessageMemory> there = *MessageMemory::Create(), back = *MessageMemory::Create();
  std::unique_ptr<LocalLink> near, far;
  Pair() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    near = *LocalLink::Create(Descriptor(ends[0]), there, back);
    far = *LocalLink::Create(Descriptor(ends[1]), *MessageMemory::Open(Descriptor(dup(back->file()))),
                             *MessageMemory::Open(Descriptor(dup(there->file()))));
  }
  std::optional<LocalLink::Received> Receive() {
    while (far->Wait(Clock::now() + kLong)) {
      if (auto received = far->Next()) return received;
    }
    return std::nullopt;
  }
};

TEST_CASE("a message crosses with its payload") {
  Pair pair;
  const std::string large(300000, 'x');
  REQUIRE(pair.near->Send({LocalEntry::kRequest, 7, 42, 0, 0, 9}, BytesOf(large)) == LocalLink::Sent::kYes);
  REQUIRE(pair.near->Send({LocalEntry::kCancel, 0, 43}, {}) == LocalLink::Sent::kYes);
  auto received = pair.Receive();
  REQUIRE(received.has_value());
  CHECK(received->entry.code == 7);
  CHECK(received->entry.call == 42);
  CHECK(received->entry.extra == 9);
  CHECK(TextOf(received->payload) == large);
  received = pair.Receive();
  REQUIRE(received.has_value());
  CHECK(received->entry.call == 43);
  CHECK_FALSE(received->payload.Valid());
}

TEST_CASE("places are used again once payloads are destroyed, and not before") {
  Pair pair;
  const grpc::ByteBuffer third = BytesOf(std::string(MessageMemory::kPayloads / 3, 'x'));
  REQUIRE(pair.near->Send({LocalEntry::kRequest}, third) == LocalLink::Sent::kYes);
  REQUIRE(pair.near->Send({LocalEntry::kRequest}, third) == LocalLink::Sent::kYes);
  REQUIRE(pair.near->Send({LocalEntry::kRequest}, third) == LocalLink::Sent::kNoRoom);
  auto first = pair.Receive();
  REQUIRE(first.has_value());
  REQUIRE(pair.near->Send({LocalEntry::kRequest}, third) == LocalLink::Sent::kNoRoom);
  first.reset();
  CHECK(pair.near->Send({LocalEntry::kRequest}, third) == LocalLink::Sent::kYes);
}

TEST_CASE("a payload outlives its connection") {
  std::optional<LocalLink::Received> received;
  {
    Pair pair;
    REQUIRE(pair.near->Send({LocalEntry::kRequest}, BytesOf("still here")) == LocalLink::Sent::kYes);
    received = pair.Receive();
  }
  REQUIRE(received.has_value());
  CHECK(TextOf(received->payload) == "still here");
}

TEST_CASE("the end of one side ends the other") {
  Pair pair;
  SECTION("closed") { pair.near->Close(); }
  SECTION("destroyed") { pair.near.reset(); }
  CHECK(pair.Receive() == std::nullopt);
  CHECK(pair.far->closed());
  CHECK(pair.far->Send({LocalEntry::kResponse}, {}) == LocalLink::Sent::kClosed);
}

TEST_CASE("Wake ends a wait, the deadline does so, too") {
  Pair pair;
  pair.far->Wake();
  CHECK(pair.far->Wait(Clock::now() + kLong));
  CHECK(pair.far->Wait(Clock::now()));
  CHECK_FALSE(pair.far->Next().has_value());
}

TEST_CASE("entries that point outside of the memory end the connection") {
  Pair pair;
  LocalEntry entry{LocalEntry::kRequest};
  SECTION("too large") { entry.size = MessageMemory::kPayloads; }
  SECTION("too far") { entry.size = 1, entry.offset = MessageMemory::kPayloads; }
  SECTION("so far that sums wrap") { entry.size = UINT64_MAX - 10, entry.offset = 64; }
  SECTION("not where regions begin") { entry.size = 1, entry.offset = 1; }
  RingWriter hostile(pair.there->ring());
  (void)hostile.Write(entry);
  CHECK(pair.Receive() == std::nullopt);
  CHECK(pair.far->closed());
}

TEST_CASE("counters that can't be end the connection") {
  Pair pair;
  pair.there->ring().written = uint64_t{1} << 40;
  CHECK(pair.Receive() == std::nullopt);
}

TEST_CASE("memory of another size, or that may shrink, is refused") {
  Descriptor small(memfd_create("small", MFD_ALLOW_SEALING));
  REQUIRE(ftruncate(small.get(), 4096) == 0);
  CHECK(MessageMemory::Open(std::move(small)).status().code() == absl::StatusCode::kInvalidArgument);
  const auto sealed = *MessageMemory::Create();
  CHECK(ftruncate(sealed->file(), 0) != 0);
  Descriptor unsealed(memfd_create("unsealed", MFD_ALLOW_SEALING));
  REQUIRE(ftruncate(unsealed.get(), lseek(sealed->file(), 0, SEEK_END)) == 0);
  CHECK(MessageMemory::Open(std::move(unsealed)).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK_FALSE(MessageMemory::Open(Descriptor(-1)).ok());
}

}  // namespace
}  // namespace pumasi
