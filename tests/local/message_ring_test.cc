#include "common/local/message_ring.h"

#include <catch2/catch.hpp>
#include <memory>
#include <thread>

namespace pumasi {
namespace {

LocalEntry EntryOf(uint64_t call) {
  LocalEntry entry;
  entry.call = call;
  return entry;
}

TEST_CASE("entries come out as they went in, until the ring is full") {
  const auto ring = std::make_unique<MessageRing>();
  RingWriter writer(*ring);
  RingReader reader(*ring);
  uint64_t written = 0, read = 0;
  for (int round = 0; round < 3; ++round) {
    while (writer.Write(EntryOf(written)) == RingWriter::Wrote::kYes) ++written;
    REQUIRE(written - read == MessageRing::kEntries);
    LocalEntry entry;
    for (int i = 0; i < 700; ++i) {
      REQUIRE(reader.Read(&entry));
      REQUIRE(entry.call == read++);
    }
  }
}

TEST_CASE("a reader that sleeps is woken once") {
  const auto ring = std::make_unique<MessageRing>();
  RingWriter writer(*ring);
  RingReader reader(*ring);
  CHECK(writer.Write(EntryOf(1)) == RingWriter::Wrote::kYes);
  CHECK_FALSE(reader.MaySleep());
  LocalEntry entry;
  REQUIRE(reader.Read(&entry));
  CHECK_FALSE(reader.Read(&entry));
  REQUIRE(reader.MaySleep());
  CHECK(writer.Write(EntryOf(2)) == RingWriter::Wrote::kYesWakeReader);
  CHECK(writer.Write(EntryOf(3)) == RingWriter::Wrote::kYes);
  reader.Awake();
  CHECK(reader.Read(&entry));
}

TEST_CASE("two threads lose nothing") {
  const auto ring = std::make_unique<MessageRing>();
  constexpr uint64_t kCount = 200000;
  std::thread thread([&] {
    RingWriter writer(*ring);
    for (uint64_t i = 0; i < kCount; ++i) {
      while (writer.Write(EntryOf(i)) == RingWriter::Wrote::kFull) std::this_thread::yield();
    }
  });
  RingReader reader(*ring);
  uint64_t wrong = 0;
  LocalEntry entry;
  for (uint64_t i = 0; i < kCount; ++i) {
    while (!reader.Read(&entry)) std::this_thread::yield();
    wrong += entry.call != i;
  }
  thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("a writer that claims too much breaks its ring") {
  const auto ring = std::make_unique<MessageRing>();
  ring->written = MessageRing::kEntries + 1;
  RingReader reader(*ring);
  LocalEntry entry;
  CHECK_FALSE(reader.Read(&entry));
  CHECK(reader.broken());
  ring->written = 1;
  CHECK_FALSE(reader.Read(&entry));
}

}  // namespace
}  // namespace pumasi
