#include "member/holding.h"

#include <algorithm>

namespace pumasi {

std::vector<v1::Assignment> HoldingAssignments(uint64_t incarnation, const std::vector<v1::Assignment>& assignments) {
  std::vector<v1::Assignment> holding;
  for (const v1::Assignment& assignment : assignments) {
    const auto& servers = assignment.layout().servers();
    const bool holds = std::any_of(servers.begin(), servers.end(),
                                   [&](const auto& owner) { return owner.incarnation() == incarnation; });
    if (holds) holding.push_back(assignment);
  }
  return holding;
}

}  // namespace pumasi
