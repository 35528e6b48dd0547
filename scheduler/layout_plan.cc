#include "scheduler/layout_plan.h"

#include <tuple>
#include <utility>

#include "common/layout/slot_roles.h"

namespace pumasi {

v1::Layout PlanLayout(uint64_t epoch, uint64_t generation, uint32_t slots, const std::vector<v1::Node>& servers,
                      uint32_t replicas) {
  v1::Layout layout;
  layout.set_epoch(epoch);
  layout.set_generation(generation);
  for (const v1::Node& server : servers) {
    auto* owner = layout.add_servers();
    owner->set_node(server.name());
    owner->set_address(server.address());
    owner->set_incarnation(server.incarnation());
  }
  const auto count = static_cast<uint32_t>(servers.size());
  std::vector<uint32_t> copies(count);
  for (uint32_t slot = 0; slot < slots; ++slot) {
    layout.add_slot_owner(slot % count);
    ++copies[slot % count];
  }
  if (replicas < 2 || count < 2) return layout;
  // Second copies go where the fewest copies are; of these, to the server that has the fewest of this primary, so that
  // what a dead server had comes from all others.
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> pairs;
  for (uint32_t slot = 0; slot < slots; ++slot) {
    const uint32_t owner = slot % count;
    uint32_t best = owner == 0 ? 1 : 0;
    for (uint32_t server = 0; server < count; ++server) {
      if (server == owner) continue;
      if (std::tuple(copies[server], pairs[{owner, server}], (server + count - owner) % count) <
          std::tuple(copies[best], pairs[{owner, best}], (best + count - owner) % count)) {
        best = server;
      }
    }
    layout.add_slot_backup(1 + best);
    ++copies[best];
    ++pairs[{owner, best}];
  }
  return layout;
}

SlotCounts CountSlots(const v1::Layout& layout, uint64_t server) {
  SlotCounts counts;
  for (const SlotRole role : RolesOf(layout, server)) {
    counts.primary += role == SlotRole::kPrimary;
    counts.backup += role == SlotRole::kBackup;
    counts.filling += role == SlotRole::kFilling;
  }
  return counts;
}

uint32_t SlotsWithoutBackup(const v1::Layout& layout, uint32_t replicas) {
  uint32_t without = 0;
  for (uint32_t slot = 0; slot < static_cast<uint32_t>(layout.slot_owner_size()); ++slot) {
    without +=
        IsReplicated(layout, slot) ? layout.replicas_size() < 2 : replicas > 1 && !BackupOf(layout, slot).has_value();
  }
  return without;
}

}  // namespace pumasi
