// Replicated layouts, in which each server holds every slot: the first one of a job, and the next one after servers
// came, died, or finished copying. Pure functions of their arguments, as those of scheduler/layout_plan.h.
#ifndef PUMASI_SCHEDULER_LAYOUT_REPLICATED_H_
#define PUMASI_SCHEDULER_LAYOUT_REPLICATED_H_

#include <cstdint>
#include <vector>

#include "scheduler/layout_plan.h"

namespace pumasi {

// All servers hold all slots; primaries are dealt to them in turn. REQUIRES: servers is not empty.
v1::Layout PlanReplicated(uint64_t epoch, uint64_t generation, uint32_t slots, const std::vector<v1::Node>& servers);

// The next layout, in which
// - dead servers hold nothing. Slots are lost only if no whole copy is left, nor one that `filled` says to be whole;
// - a server whose filling is done with all slots is a copy as the others; one that failed with any slot is none, and
//   begins anew once it is a target again;
// - drained servers hold nothing, as soon as one that is usable is whole;
// - one usable server at a time, the first target by name, copies all slots ahead (prefetch); once it has them all, it
//   fills with all of them. Others wait in line;
// - primaries of usable servers differ by one at most, but while a server fills, when they stay where they are.
// `replicas` and `hurry` of the view are not looked at. REQUIRES: view.current is replicated.
LayoutStep NextReplicated(const LayoutView& view);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_LAYOUT_REPLICATED_H_
