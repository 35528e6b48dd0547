#include "common/layout/ring_group.h"

#include <algorithm>

#include "common/layout/slot_roles.h"

namespace pumasi {

std::vector<uint64_t> RingSharers(const v1::Layout& layout) {
  std::vector<uint64_t> sharers;
  for (const uint32_t replica : layout.replicas()) {
    sharers.push_back(layout.servers(static_cast<int>(replica)).incarnation());
  }
  return sharers;
}

std::vector<uint32_t> RingGroup(const v1::Layout& layout) {
  std::vector<uint32_t> group(layout.replicas().begin(), layout.replicas().end());
  if (layout.slot_owner_size() == 0) return group;
  if (const auto filling = FillingOf(layout, 0)) group.push_back(*filling);
  return group;
}

PartRange ShareOfPlace(uint64_t place, uint64_t count, uint32_t parts) {
  return {static_cast<uint32_t>(place * parts / count), static_cast<uint32_t>((place + 1) * parts / count)};
}

PartRange RingShare(const v1::Layout& layout, uint64_t incarnation, uint32_t parts) {
  const std::vector<uint64_t> sharers = RingSharers(layout);
  const auto found = std::find(sharers.begin(), sharers.end(), incarnation);
  if (found == sharers.end()) return {};
  return ShareOfPlace(static_cast<uint64_t>(found - sharers.begin()), sharers.size(), parts);
}

}  // namespace pumasi
