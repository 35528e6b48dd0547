#include "common/local/message_ring.h"

namespace pumasi {

RingWriter::Wrote RingWriter::Write(const LocalEntry& entry) {
  // A reader that lies about what it has read loses entries, which are its own.
  if (written_ - ring_.read.load(std::memory_order_acquire) >= MessageRing::kEntries) return Wrote::kFull;
  ring_.entries[written_ % MessageRing::kEntries] = entry;
  ring_.written.store(++written_, std::memory_order_release);
  // Either this sees that the reader sleeps, or the reader sees what was written before it does: both order their store
  // before their load.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (ring_.sleeping.load(std::memory_order_relaxed) == 0) return Wrote::kYes;
  return ring_.sleeping.exchange(0, std::memory_order_relaxed) != 0 ? Wrote::kYesWakeReader : Wrote::kYes;
}

bool RingReader::Read(LocalEntry* entry) {
  const uint64_t unread = ring_.written.load(std::memory_order_acquire) - read_;
  broken_ = broken_ || unread > MessageRing::kEntries;
  if (broken_ || unread == 0) return false;
  *entry = ring_.entries[read_ % MessageRing::kEntries];
  ring_.read.store(++read_, std::memory_order_release);
  return true;
}

bool RingReader::MaySleep() {
  ring_.sleeping.store(1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (ring_.written.load(std::memory_order_relaxed) == read_) return true;
  Awake();
  return false;
}

}  // namespace pumasi
