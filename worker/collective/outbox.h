// What a member of a group on one host shows the others: memory that it writes, and that they can only read.
#ifndef PUMASI_WORKER_COLLECTIVE_OUTBOX_H_
#define PUMASI_WORKER_COLLECTIVE_OUTBOX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "common/descriptor.h"

namespace pumasi {

// At the beginning of the memory, zero at first. Counts go on over all calls, and wrap around.
struct OutboxState {
  alignas(64) std::atomic<uint32_t> scattered;  // rounds of which all nodes' values are there
  alignas(64) std::atomic<uint32_t> summed;     // rounds of which all sums are there
  alignas(64) std::atomic<uint64_t> floats;     // of the call that the rounds are of
  // Not 0: the member has given the group up; 1 + the member on whom it lays it, or kUnknown.
  alignas(64) std::atomic<uint32_t> broken;
  static constexpr uint32_t kUnknown = ~uint32_t{0};
};
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);

// Stays mapped for as long as it is there.
class Outbox {
 public:
  // Of a round's values, at most.
  static constexpr size_t kRound = size_t{128} << 10;
  // Rounds that are there at a time, each in the place of the one that is this many before it.
  static constexpr size_t kPlaces = 2;

  // New memory for a member with `nodes` nodes. Its size is sealed: nobody can shrink it, which would end who reads it.
  static absl::StatusOr<std::unique_ptr<Outbox>> Create(size_t nodes);
  // What another process has created, to read. InvalidArgument: its size or its seals are not those of Create.
  static absl::StatusOr<std::unique_ptr<Outbox>> Open(const Descriptor& file, size_t nodes);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // Of Create: to be sent to the other processes.
  int file() const { return file_.get(); }
  OutboxState& state() { return *reinterpret_cast<OutboxState*>(begin_); }
  // kRound floats, by place in the round; `round` by OutboxState's counting.
  float* node(uint32_t round, size_t node) { return area(round, node); }
  float* sums(uint32_t round) { return area(round, nodes_); }

 private:
  Outbox(Descriptor file, char* begin, size_t nodes) : file_(std::move(file)), begin_(begin), nodes_(nodes) {}
  static size_t Size(size_t nodes);
  float* area(uint32_t round, size_t index);

  const Descriptor file_;
  char* const begin_;
  const size_t nodes_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_OUTBOX_H_
