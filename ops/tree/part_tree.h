// Gathers the gradients of a batch's parts in the job's fixed tree (common/layout/part_range.h), holding no more than
// one gradient for each complete subtree.
#ifndef PUMASI_OPS_TREE_PART_TREE_H_
#define PUMASI_OPS_TREE_PART_TREE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/layout/part_range.h"
#include "ops/tree/gradient.h"
#include "ops/tree/node_rounding.h"

namespace pumasi {

// Not thread-safe.
class PartTree {
 public:
  // `parts`: of a batch. `widths`: columns of each table.
  PartTree(uint32_t parts, std::vector<uint32_t> widths) : parts_(parts), widths_(std::move(widths)) {}

  enum class Coverage { kNone, kPartly, kWhole };
  // How much of `range` has been added.
  Coverage Covers(PartRange range) const;

  // Adds a node's gradient, and merges it with its sibling as long as that is complete. Sums are rounded as `rounding`
  // says, what comes is taken as it is. REQUIRES: IsNode(range, parts), Covers(range) == kNone.
  void Insert(PartRange range, Gradient&& gradient, const BatchRounding& rounding = BatchRounding());

  // Drops what there is of `range`: of nodes, two overlap only if one lies in the other. REQUIRES: IsNode(range,
  // parts), Covers(range) != kWhole.
  void Remove(PartRange range);

  // Bytes of all nodes' gradients (MemoryOf).
  uint64_t bytes() const { return bytes_; }
  // By how much bytes() would go up with an Insert, at most; less than 0 where what merges was longer than what comes.
  int64_t Growth(PartRange range, const Gradient& gradient) const;

  // All parts are there.
  bool Complete() const;
  // The only node there is, and empties the tree. REQUIRES: Complete(), or that all that was inserted made one node.
  Gradient Take();

  // The disjoint complete nodes, by their first part.
  const std::map<uint32_t, std::pair<PartRange, Gradient>>& nodes() const { return nodes_; }

  // "parts 2, 3": for messages.
  std::string Missing() const;

 private:
  uint32_t parts_;
  std::vector<uint32_t> widths_;
  // Disjoint complete nodes by their first part.
  std::map<uint32_t, std::pair<PartRange, Gradient>> nodes_;
  uint64_t bytes_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_TREE_PART_TREE_H_
