// Sums of float32 arrays in the order of the job's fixed tree of parts (common/layout/part_range.h).
#ifndef PUMASI_WORKER_COLLECTIVE_TREE_SUM_H_
#define PUMASI_WORKER_COLLECTIVE_TREE_SUM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/layout/part_range.h"
#include "worker/collective/group.h"

namespace pumasi {

// A node of the tree whose sum one member has.
struct SumLeaf {
  uint32_t member = 0;
  uint32_t index = 0;  // among that member's nodes (NodesOf its share)
  PartRange node;
};

// Of all members, by their first part: together they are the batch. REQUIRES: the group has shares.
std::vector<SumLeaf> LeavesOf(const Group& group);

// Adds the nodes' arrays up to the root's. The bits depend on the nodes' values and the number of parts alone, neither
// on the instruction set nor on which nodes there are. Not thread-safe.
class TreeSum {
 public:
  // REQUIRES: nodes of the tree over `parts` parts, ascending, which together are all of them.
  TreeSum(const std::vector<PartRange>& nodes, uint32_t parts);

  // sum[i] = the tree over nodes[...][i], for `count` values. `also`: gets the same, unless it is nullptr. `sum` may be
  // the array of a node; other arrays must not overlap.
  void Run(const std::vector<const float*>& nodes, size_t count, float* sum, float* also);

 private:
  // Values at a time: so few that what is between the nodes and the root stays in the first-level cache.
  static constexpr size_t kBlock = 1024;
  // One addition, of two arrays that are nodes or, from nodes_ on, places in scratch_.
  struct Step {
    uint32_t left, right, to;
  };

  const uint32_t nodes_;
  std::vector<Step> steps_;     // the last one gives the root
  std::vector<float> scratch_;  // kBlock for each place
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_TREE_SUM_H_
