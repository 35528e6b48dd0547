// One batch of a collective, as one member sees it: nodes go to the owners of chunks, sums come back, and all tell that
// they have applied them. Without time: that is the group's (worker/collective/collective.h).
//
// Nodes of one chunk may come in any order, again, and from whoever computed them. Two nodes of a tree overlap only if
// one lies in the other; then the larger one takes the place of what is there of it. Their bits are the same, since
// what a part's gradient is does not depend on who computes it.
#ifndef PUMASI_WORKER_COLLECTIVE_TREE_REDUCTION_H_
#define PUMASI_WORKER_COLLECTIVE_TREE_REDUCTION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "ops/tree/node_rounding.h"
#include "ops/tree/part_tree.h"
#include "worker/collective/group.h"
#include "worker/collective/messages.h"

namespace pumasi {

// What all batches of a group have in common. Does not change.
struct CollectiveShape {
  Group group;
  uint32_t self = 0;               // which of its members this is
  std::vector<uint32_t> widths;    // columns of each table
  std::vector<ChunkShape> chunks;  // by chunk
};

// Not thread-safe.
class TreeReduction {
 public:
  // `roundings`: by chunk, how sums of this batch are rounded; empty: not at all. REQUIRES: CheckGroup accepts the
  // group, self is one of its members, and there is one shape a chunk.
  TreeReduction(std::shared_ptr<const CollectiveShape> shape, uint64_t version,
                std::vector<BatchRounding> roundings = {});

  // Computed here: the gradient of one node, by chunk. InvalidArgument: it is no node, or does not fit the shapes.
  absl::Status Give(PartRange node, std::vector<Gradient> by_chunk);
  // kNode, kSum and kHave of this batch, from member `from`. InvalidArgument: the message does not fit the group;
  // nothing has changed.
  absl::Status Arrived(uint32_t from, const CollectiveMessage& message);
  // All sums are applied here. REQUIRES: summed().
  void Applied();

  // In the order in which they came up: SendToMember and TakeSum.
  std::vector<CollectiveEffect> TakeEffects() { return std::exchange(effects_, {}); }

  uint64_t version() const { return version_; }
  // Every chunk's sum has been handed out by TakeSum.
  bool summed() const { return summed_ == shape_->group.chunks(); }
  bool applied() const { return have_.count(shape_->self) > 0; }
  // Every member has applied the batch.
  bool complete() const { return have_.size() == shape_->group.members.size(); }
  // Chunks that are owned here lack parts.
  bool parts_missing() const { return open_ > 0; }
  // Goes up with everything that was new.
  uint64_t moves() const { return moves_; }

  // What is missing, and of whom.
  struct Missing {
    std::set<uint32_t> members;
    std::string text;  // "parts 2-3 of worker-1", "3 sums of worker-2"
  };
  Missing missing() const;

 private:
  struct Chunk {
    PartTree tree;  // of owned ones: the nodes so far
    bool summed = false;
  };
  const Group& group() const { return shape_->group; }
  absl::Status Check(uint32_t chunk, const Gradient& gradient) const;
  void TakeNode(uint32_t chunk, PartRange node, Gradient gradient);
  void HandOut(uint32_t chunk, std::shared_ptr<const Gradient> sum);
  void Send(uint32_t to, CollectiveMessage message);

  const std::shared_ptr<const CollectiveShape> shape_;
  const uint64_t version_;
  const std::vector<BatchRounding> roundings_;
  std::vector<Chunk> chunks_;
  uint32_t summed_ = 0;
  uint32_t open_ = 0;        // owned chunks without their sum
  std::set<uint32_t> have_;  // members that have applied the batch
  uint64_t moves_ = 0;
  std::vector<CollectiveEffect> effects_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_TREE_REDUCTION_H_
