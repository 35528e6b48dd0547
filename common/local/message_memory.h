// One direction of a connection between two processes of one host: memory that both have mapped, into which one of them
// writes its messages.
#ifndef PUMASI_COMMON_LOCAL_MESSAGE_MEMORY_H_
#define PUMASI_COMMON_LOCAL_MESSAGE_MEMORY_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "common/descriptor.h"
#include "common/local/message_ring.h"

namespace pumasi {

// Stays mapped for as long as it is there. What is inside is for both processes, see the ring and the regions.
class MessageMemory {
 public:
  // Of payloads. Pages that are never touched take no memory.
  static constexpr uint64_t kPayloads = uint64_t{256} << 20;

  // New memory, zero. Its size is sealed: the other process can't shrink it, which would end who touches it.
  static absl::StatusOr<std::shared_ptr<MessageMemory>> Create();
  // What another process has created. InvalidArgument: its size or its seals are not those of Create.
  static absl::StatusOr<std::shared_ptr<MessageMemory>> Open(Descriptor file);
  ~MessageMemory();
  MessageMemory(const MessageMemory&) = delete;
  MessageMemory& operator=(const MessageMemory&) = delete;

  // To be sent to the other process.
  int file() const { return file_.get(); }
  MessageRing& ring() { return *reinterpret_cast<MessageRing*>(begin_); }

  // A payload's region: whether its reader is done with it, and the payload.
  struct Region {
    alignas(64) std::atomic<uint32_t> released{0};
    char* payload() { return reinterpret_cast<char*>(this + 1); }
  };
  // REQUIRES: Holds(offset, size), whatever its size is.
  Region& region(uint64_t offset) { return *reinterpret_cast<Region*>(begin_ + kPayloadsBegin + offset); }
  // Whether a region may begin at `offset`, with `size` bytes of payload.
  static bool Holds(uint64_t offset, uint64_t size) {
    return offset % alignof(Region) == 0 && offset <= kPayloads - sizeof(Region) &&
           size <= kPayloads - sizeof(Region) - offset;
  }

 private:
  static constexpr uint64_t kPayloadsBegin = (sizeof(MessageRing) + 4095) / 4096 * 4096;
  static constexpr uint64_t kSize = kPayloadsBegin + kPayloads;

  static absl::StatusOr<std::shared_ptr<MessageMemory>> Map(Descriptor file);
  MessageMemory(Descriptor file, char* begin) : file_(std::move(file)), begin_(begin) {}

  const Descriptor file_;
  char* const begin_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_LOCAL_MESSAGE_MEMORY_H_
