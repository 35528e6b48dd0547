// A queue of small entries in memory that two processes share: one of them writes, the other reads. The other side's
// bytes are never trusted: whatever they say, nothing outside of the ring is touched.
#ifndef PUMASI_COMMON_LOCAL_MESSAGE_RING_H_
#define PUMASI_COMMON_LOCAL_MESSAGE_RING_H_

#include <atomic>
#include <cstdint>

namespace pumasi {

// What a message is, and where its payload lies.
struct LocalEntry {
  enum Kind : uint32_t { kRequest = 1, kResponse = 2, kCancel = 3 };
  uint32_t kind = 0;
  // Request: the method. Response: the status code, or kNoRoom.
  uint32_t code = 0;
  // Drawn by the caller; a response and a cancellation name that of their request.
  uint64_t call = 0;
  // Of the payload's region in the sender's memory, and the payload's bytes; size 0: there is none.
  uint64_t offset = 0;
  uint64_t size = 0;
  // Request: microseconds until its deadline. Response: how many bytes of the payload are the error's message; the rest
  // of an error's payload are its details.
  uint64_t extra = 0;
  uint64_t unused[3] = {};

  // The answer did not fit into the shared memory.
  static constexpr uint32_t kNoRoom = 1000;
};
static_assert(sizeof(LocalEntry) == 64);

// As it lies in the shared memory, zero at first. Counters only grow.
struct MessageRing {
  static constexpr uint64_t kEntries = 1024;

  alignas(64) std::atomic<uint64_t> written{0};
  alignas(64) std::atomic<uint64_t> read{0};
  // Not 0: the reader is about to sleep, and has to be woken after something was written.
  alignas(64) std::atomic<uint32_t> sleeping{0};
  alignas(64) LocalEntry entries[kEntries];
};
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);

// For one thread at a time.
class RingWriter {
 public:
  explicit RingWriter(MessageRing& ring) : ring_(ring) {}
  enum class Wrote { kYes, kYesWakeReader, kFull };
  Wrote Write(const LocalEntry& entry);

 private:
  MessageRing& ring_;
  uint64_t written_ = 0;
};

// For one thread.
class RingReader {
 public:
  explicit RingReader(MessageRing& ring) : ring_(ring) {}
  // False: there is nothing to read, or the other side broke the ring (broken()).
  bool Read(LocalEntry* entry);
  bool broken() const { return broken_; }
  // Before the reader sleeps: false if there is something to read after all. From then on writers are told to wake it,
  // until Awake.
  bool MaySleep();
  void Awake() { ring_.sleeping.store(0, std::memory_order_relaxed); }

 private:
  MessageRing& ring_;
  uint64_t read_ = 0;
  bool broken_ = false;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_LOCAL_MESSAGE_RING_H_
