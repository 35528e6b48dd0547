// One end of a connection between two processes of one host: messages go through shared memory, and a socket wakes the
// other side and tells when it is gone.
#ifndef PUMASI_COMMON_LOCAL_LOCAL_LINK_H_
#define PUMASI_COMMON_LOCAL_LOCAL_LINK_H_

#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/descriptor.h"
#include "common/local/message_memory.h"
#include "common/local/region_heap.h"

namespace pumasi {

// Thread-safe, but for what is for the one thread that reads.
class LocalLink {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // `socket`: connected to the other side, which maps both memories, or will.
  static absl::StatusOr<std::unique_ptr<LocalLink>> Create(Descriptor socket, std::shared_ptr<MessageMemory> sent,
                                                           std::shared_ptr<MessageMemory> received);

  enum class Sent { kYes, kNoRoom, kClosed };
  // Copies `payload` to the shared memory and sends the entry, whose place and size of payload are set here.
  Sent Send(LocalEntry entry, const grpc::ByteBuffer& payload);
  // Ends the connection; the other side sees it. The reader's Wait returns false.
  void Close();
  bool closed() const { return closed_; }
  // The reader's Wait returns.
  void Wake();

  // --- for the thread that reads

  // Until there may be something to read, Wake was called, or `until`. False: the connection has ended.
  bool Wait(TimePoint until);
  struct Received {
    LocalEntry entry;
    // Lies in the shared memory, which it keeps mapped; the other side can use its place again once it is destroyed.
    grpc::ByteBuffer payload;
  };
  std::optional<Received> Next();

 private:
  LocalLink(Descriptor socket, Descriptor wake, std::shared_ptr<MessageMemory> sent,
            std::shared_ptr<MessageMemory> received);
  // A place in the memory, with the lock; regions that the other side is done with are free again.
  std::optional<uint64_t> TakeRegion(uint64_t size);
  bool Write(const LocalEntry& entry);
  void DrainSocket();

  const Descriptor socket_;
  const Descriptor wake_;  // an eventfd
  const std::shared_ptr<MessageMemory> sent_, received_;
  std::atomic<bool> closed_{false};
  std::mutex mutex_;
  RegionHeap heap_{MessageMemory::kPayloads};  // GUARDED_BY(mutex_)
  std::vector<uint64_t> regions_;              // GUARDED_BY(mutex_): sent, and not known to be released
  RingWriter writer_;                          // GUARDED_BY(mutex_)
  RingReader reader_;                          // of the thread that reads
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_LOCAL_LOCAL_LINK_H_
