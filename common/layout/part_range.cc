#include "common/layout/part_range.h"

#include <algorithm>
#include <bit>

namespace pumasi {
namespace {

PartRange Cut(uint64_t first, uint64_t length, uint32_t parts) {
  return {static_cast<uint32_t>(std::min<uint64_t>(first, parts)),
          static_cast<uint32_t>(std::min<uint64_t>(first + length, parts))};
}

// Length of the highest full node that is cut to `range`. At the ragged end several levels are cut to the same range
// (with five parts, part 4 is a leaf and also the node of length 4 that starts there); the highest one has a real
// sibling.
uint64_t HighestLength(PartRange range, uint32_t parts) {
  uint64_t length = std::bit_ceil(range.size());
  while (range.first % (2 * length) == 0 && Cut(range.first, 2 * length, parts) == range) length *= 2;
  return length;
}

}  // namespace

bool IsNode(PartRange range, uint32_t parts) {
  if (range.first >= range.end || range.end > parts) return false;
  const uint64_t length = std::bit_ceil(range.size());
  return range.first % length == 0 && Cut(range.first, length, parts) == range;
}

PartRange Parent(PartRange range, uint32_t parts) {
  const uint64_t length = 2 * HighestLength(range, parts);
  return Cut(range.first / length * length, length, parts);
}

PartRange Sibling(PartRange range, uint32_t parts) {
  const uint64_t length = HighestLength(range, parts);
  const bool left = range.first / length % 2 == 0;
  return Cut(left ? range.first + length : range.first - length, length, parts);
}

PartRange LargestNode(uint32_t first, uint32_t end, uint32_t most, uint32_t parts) {
  PartRange best{first, first + 1};
  for (uint64_t length = 2; first % length == 0; length *= 2) {
    const PartRange next = Cut(first, length, parts);
    if (next.end > end || next.size() > most || next == best) break;
    best = next;
  }
  return best;
}

std::string ToString(PartRange range) {
  return range.size() == 1 ? "part " + std::to_string(range.first)
                           : "parts " + std::to_string(range.first) + "-" + std::to_string(range.end - 1);
}

}  // namespace pumasi
