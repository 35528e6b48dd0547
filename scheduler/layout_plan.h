// Which server owns which slot.
#ifndef PUMASI_SCHEDULER_LAYOUT_PLAN_H_
#define PUMASI_SCHEDULER_LAYOUT_PLAN_H_

#include <cstdint>
#include <vector>

#include "proto/scheduler.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// Slots dealt in turn to the servers in their given order, so that no two servers differ by more than one slot, and
// neighbouring slots (so the chunks of one tensor) lie on different servers. A server beyond the number of slots owns
// none. REQUIRES: servers is not empty.
v1::Layout PlanLayout(uint64_t epoch, uint32_t slots, const std::vector<v1::Node>& servers);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_LAYOUT_PLAN_H_
