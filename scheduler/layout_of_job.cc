#include "scheduler/layout_of_job.h"

#include <algorithm>

#include "common/job_mode.h"
#include "common/layout/slot_roles.h"
#include "scheduler/layout_apart.h"
#include "scheduler/layout_replicated.h"

namespace pumasi {

v1::Layout FirstLayout(const v1::Job& job, uint64_t epoch, uint64_t generation, const std::vector<v1::Node>& nodes) {
  const uint32_t replicas = std::max(1u, job.replicas());
  if (KindsLieApart(job)) {
    return PlanApart(epoch, generation, job.slots(), nodes, replicas, /*dense_shared_out=*/!WorkersReplicate(job));
  }
  if (WorkersHoldAllSlots(job)) return PlanReplicated(epoch, generation, job.slots(), nodes);
  return PlanLayout(epoch, generation, job.slots(), nodes, replicas);
}

LayoutStep NextLayoutOfJob(const LayoutView& view) {
  if (view.current.dense_from() > 0) return NextApart(view);
  return IsReplicated(view.current) ? NextReplicated(view) : NextLayout(view);
}

}  // namespace pumasi
