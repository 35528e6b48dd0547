#include "scheduler/layout_plan.h"

namespace pumasi {

v1::Layout PlanLayout(uint64_t epoch, uint32_t slots, const std::vector<v1::Node>& servers) {
  v1::Layout layout;
  layout.set_epoch(epoch);
  for (const v1::Node& server : servers) {
    auto* owner = layout.add_servers();
    owner->set_node(server.name());
    owner->set_address(server.address());
    owner->set_incarnation(server.incarnation());
  }
  for (uint32_t slot = 0; slot < slots; ++slot) layout.add_slot_owner(slot % servers.size());
  return layout;
}

}  // namespace pumasi
