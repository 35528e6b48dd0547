// The sum of a batch's gradient over the members of a ring, out of what each computed.
#ifndef PUMASI_WORKER_JOB_RING_SUM_H_
#define PUMASI_WORKER_JOB_RING_SUM_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ops/tree/gradient.h"
#include "proto/table.pb.h"
#include "worker/collective/gloo_ring.h"
#include "worker/job/ring_units.h"

namespace pumasi {

// A batch that all members have, summed.
struct RingBatch {
  std::shared_ptr<const Gradient> gradient;
  std::vector<v1::RateChange> rate_changes;  // of the member that was told of any
};

struct RingShape {
  std::vector<v1::TableSpec> tables;  // at most one of rows
  uint32_t parts = 0;                 // of a batch
  bool dense_rows = false;            // the table of rows is summed whole
};

// What one member has of a batch: its units' gradients, added in the order of the job's tree as far as they are nodes
// of it, then by their parts. All of the batch: exactly the tree's sum. REQUIRES: they do not overlap.
std::shared_ptr<const Gradient> SumOfUnits(const RingShape& shape, const std::vector<const RingUnit*>& units);

// Sums batch `version` over all members; each gives `units`, of its share, and some may have none. Dense tensors travel
// as one row of floats; rows by their ids, merged in the order of ranks. The bits are the same at all members. The
// first wait, for others to come to this batch, takes `patience` at most, all others `timeout`. Errors as of GlooRing;
// Internal: the members speak of different batches.
absl::StatusOr<RingBatch> SumOverRing(const RingShape& shape, uint64_t version,
                                      const std::vector<const RingUnit*>& units, absl::Duration patience,
                                      absl::Duration timeout, GlooRing& ring);

// Until all members have called it for this batch. Errors likewise.
absl::Status MeetAfter(uint64_t version, absl::Duration timeout, GlooRing& ring);

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_RING_SUM_H_
