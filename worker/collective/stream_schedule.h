// Which frames go over the streams in one call: their order is fixed for each pair of members and kind, so both sides
// know the header of each frame beforehand.
#ifndef PUMASI_WORKER_COLLECTIVE_STREAM_SCHEDULE_H_
#define PUMASI_WORKER_COLLECTIVE_STREAM_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/layout/part_range.h"
#include "worker/collective/block_plan.h"
#include "worker/collective/stream_frames.h"

namespace pumasi {

// Frames are counted from 0, round by round, in each chunk by chunk, and in each of those node by node. Does not
// change.
class StreamSchedule {
 public:
  using Chunks = std::vector<uint32_t>;
  using Nodes = std::vector<PartRange>;

  // `call`: its number; `floats`: of the array; `parts`: of a batch.
  StreamSchedule(const BlockPlan& plan, uint64_t call, size_t floats, uint32_t parts)
      : plan_(plan), call_(call), floats_(floats), root_{{0, parts}} {}

  const BlockPlan& plan() const { return plan_; }
  uint64_t call() const { return call_; }
  size_t floats() const { return floats_; }

  // From a member with `nodes` to the owner of `chunks`, in `rounds` rounds.
  static size_t NodeFrames(size_t rounds, const Chunks& chunks, const Nodes& nodes) {
    return rounds * chunks.size() * nodes.size();
  }
  // From the owner of `chunks`.
  static size_t SumFrames(size_t rounds, const Chunks& chunks) { return rounds * chunks.size(); }

  // A frame, its round, and which of the nodes it is of. REQUIRES: less than NodeFrames of all rounds.
  struct Due {
    FrameHeader header;
    size_t round = 0, node = 0;
  };
  Due Node(size_t frame, const Chunks& chunks, const Nodes& nodes) const {
    return Of(FrameHeader::kNode, frame, chunks, nodes);
  }
  // Likewise.
  Due Sum(size_t frame, const Chunks& chunks) const { return Of(FrameHeader::kSum, frame, chunks, root_); }

 private:
  Due Of(FrameHeader::Kind kind, size_t frame, const Chunks& chunks, const Nodes& nodes) const;

  const BlockPlan plan_;
  const uint64_t call_;
  const size_t floats_;
  const Nodes root_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_STREAM_SCHEDULE_H_
