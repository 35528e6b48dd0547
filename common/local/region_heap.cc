#include "common/local/region_heap.h"

#include <algorithm>
#include <iterator>

namespace pumasi {

RegionHeap::RegionHeap(uint64_t size) {
  if (size >= kAlignment) free_[0] = size / kAlignment * kAlignment;
}

std::optional<uint64_t> RegionHeap::Take(uint64_t size) {
  if (size > UINT64_MAX - kAlignment) return std::nullopt;
  const uint64_t whole = std::max<uint64_t>((size + kAlignment - 1) / kAlignment, 1) * kAlignment;
  const auto fits = std::find_if(free_.begin(), free_.end(), [&](const auto& range) { return range.second >= whole; });
  if (fits == free_.end()) return std::nullopt;
  const auto [offset, room] = *fits;
  free_.erase(fits);
  if (room > whole) free_[offset + whole] = room - whole;
  taken_[offset] = whole;
  return offset;
}

void RegionHeap::Give(uint64_t offset) {
  const auto taken = taken_.find(offset);
  uint64_t size = taken->second;
  taken_.erase(taken);
  auto next = free_.lower_bound(offset);
  if (next != free_.end() && next->first == offset + size) {
    size += next->second;
    next = free_.erase(next);
  }
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == offset) {
      before->second += size;
      return;
    }
  }
  free_[offset] = size;
}

}  // namespace pumasi
