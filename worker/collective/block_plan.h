// How an array is cut for an allreduce: into rounds, which follow one another, and each round's values into a piece for
// each chunk of the group.
#ifndef PUMASI_WORKER_COLLECTIVE_BLOCK_PLAN_H_
#define PUMASI_WORKER_COLLECTIVE_BLOCK_PLAN_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace pumasi {

// Values [first, end) of an array.
struct Block {
  size_t first = 0, end = 0;
  size_t size() const { return end - first; }
};

// The same at every member. Thread-safe: it does not change.
class BlockPlan {
 public:
  // Blocks begin at multiples of this many floats, a cache line.
  static constexpr size_t kAligned = 16;

  // `most`: values of a round, at most. REQUIRES: most > kAligned, chunks > 0.
  BlockPlan(size_t floats, uint32_t chunks, size_t most)
      : floats_(floats), chunks_(chunks), rounds_((floats + most - kAligned - 1) / (most - kAligned)) {}

  size_t rounds() const { return rounds_; }
  Block Round(size_t round) const { return Cut({0, floats_}, round, rounds_); }
  // The chunk's piece of a round; may be empty.
  Block Piece(size_t round, uint32_t chunk) const { return Cut(Round(round), chunk, chunks_); }

 private:
  // As even as the alignment allows.
  static Block Cut(Block all, size_t index, size_t pieces) {
    const auto edge = [&](size_t i) {
      return i == pieces ? all.end : all.first + all.size() * i / pieces / kAligned * kAligned;
    };
    return {edge(index), edge(index + 1)};
  }

  const size_t floats_;
  const uint32_t chunks_;
  const size_t rounds_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_BLOCK_PLAN_H_
