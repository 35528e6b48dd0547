// How much the sums that Gloo makes differ from those of the job's own tree: measured now and then, since it costs that
// each member gets all members' gradients.
#ifndef PUMASI_WORKER_JOB_RING_DIFFERENCE_H_
#define PUMASI_WORKER_JOB_RING_DIFFERENCE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/job_status.pb.h"
#include "worker/collective/gloo_ring.h"
#include "worker/job/ring_sum.h"
#include "worker/job/ring_units.h"

namespace pumasi {

// Of the first batches, and every so many later.
bool MeasuresDifference(uint64_t version);

// Adds `more` to what was measured before.
void AddDifference(const v1::RingDifference& more, v1::RingDifference* sum);

// Compares the dense tensors of `sum`, which is the ring's of a batch, with the tree's sum of what all members have of
// it; each gives its `units`. All members call it, and come to the same. Errors as of GlooRing; Internal: the units of
// all do not make up a batch.
absl::StatusOr<v1::RingDifference> CompareWithTree(const RingShape& shape, const std::vector<const RingUnit*>& units,
                                                   const Gradient& sum, absl::Duration timeout, GlooRing& ring);

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_RING_DIFFERENCE_H_
