// Layouts in which rows and dense chunks lie apart: slots of rows on servers, dealt out as with mode: ps, and as many
// slots of dense chunks after them on workers, each of which holds all of these, or its share of them. Either half is
// planned by itself, and both get a new epoch together. Pure functions of their arguments, as those of
// scheduler/layout_plan.h.
#ifndef PUMASI_SCHEDULER_LAYOUT_APART_H_
#define PUMASI_SCHEDULER_LAYOUT_APART_H_

#include <cstdint>
#include <vector>

#include "scheduler/layout_plan.h"

namespace pumasi {

// PlanLayout of `slots` slots over the nodes that are servers, and of as many over the others: PlanReplicated, or, if
// `dense_shared_out`, PlanLayout with one copy of each. REQUIRES: there is one of each.
v1::Layout PlanApart(uint64_t epoch, uint64_t generation, uint32_t slots, const std::vector<v1::Node>& nodes,
                     uint32_t replicas, bool dense_shared_out = false);

// NextLayout of the slots of rows and of the servers in the view, and of the others NextReplicated, or NextLayout where
// they are shared out. REQUIRES: the layout is one of PlanApart, or comes after it.
LayoutStep NextApart(const LayoutView& view);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_LAYOUT_APART_H_
