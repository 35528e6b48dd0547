// The fixed tree over a batch's parts. Its nodes are the ranges of parts that are a power of two long and aligned to
// their length, cut off at the number of parts. A node's gradient is left child + right child, in float32; a child
// without rows adds nothing (it is skipped, since x + 0 is not x where x is -0). So the sum's bits depend on the parts
// alone, however the parts were shared out. (A job may want nodes rounded: ops/tree/node_rounding.h.)
#ifndef PUMASI_COMMON_LAYOUT_PART_RANGE_H_
#define PUMASI_COMMON_LAYOUT_PART_RANGE_H_

#include <cstdint>
#include <string>

namespace pumasi {

// Parts [first, end).
struct PartRange {
  uint32_t first = 0;
  uint32_t end = 0;
  uint32_t size() const { return end - first; }
  auto operator<=>(const PartRange&) const = default;
};

// Whether the range is a node of the tree over `parts` parts.
bool IsNode(PartRange range, uint32_t parts);

// The node's parent and its sibling, neither of them empty or equal to it.
// REQUIRES: IsNode(range, parts), and the range is not the root [0, parts).
PartRange Parent(PartRange range, uint32_t parts);
PartRange Sibling(PartRange range, uint32_t parts);

// The largest node that starts at `first`, has at most `most` parts (>= 1), and ends at `end` at the latest.
PartRange LargestNode(uint32_t first, uint32_t end, uint32_t most, uint32_t parts);

std::string ToString(PartRange range);

}  // namespace pumasi

#endif  // PUMASI_COMMON_LAYOUT_PART_RANGE_H_
