// Lanes of a round: how a worker computes what takes the place of a part's gradient in a job that averages
// (common/averaging.h).
#ifndef PUMASI_WORKER_JOB_LANES_H_
#define PUMASI_WORKER_JOB_LANES_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/tree/gradient.h"
#include "worker/job/unit.h"
#include "worker/model/model.h"
#include "worker/model/part_outcome.h"

namespace pumasi {

// Trains lane `index` of the unit, batch by batch, and returns what it adds to the sum of the lanes
// (worker/job/lane_state.h): empty for a lane without rows. The bits depend on the lease, the parameters and the rows
// alone. `outcome`: sums over its batches, each as it was before its step. `after_batch`: as of ComputeUnit.
// Errors: of the model; Cancelled. REQUIRES: shape.lanes.
absl::StatusOr<Gradient> TrainLane(const Unit& unit, size_t index, const PulledParameters& pulled,
                                   const WorkShape& shape, const std::vector<v1::TableSpec>& tables, Model& model,
                                   const std::function<bool()>& after_batch, PartOutcome* outcome);

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_LANES_H_
