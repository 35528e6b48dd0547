// What the members of a ring conclude when they meet, from how far each is.
//
// A batch is applied by all with one sum, or by none. A member applies the sum of batch v only when it knows that all
// members of its group have that sum. So when a group breaks, either some lacked it: then nobody has applied it, and
// all forget it; or all that are left have it, applied or not: then those that have not, do.
#ifndef PUMASI_WORKER_JOB_RING_OUTCOME_H_
#define PUMASI_WORKER_JOB_RING_OUTCOME_H_

#include <cstdint>

#include "proto/scheduler.pb.h"

namespace pumasi {

struct RingOutcome {
  // Batches that all copies have applied before the group begins.
  uint64_t version = 0;
  // Members that lack a batch which another one has applied, and its sum: they can't go on.
  bool somebody_lacks = false;
};

// All members come to the same. A member with `has_sum` whose version is below the outcome's applies it; above that it
// is forgotten. Those whose version is not known have to look whether their copies are there.
RingOutcome OutcomeOf(const v1::MeetGroupResponse& met);

// Whether this member lacks a batch.
bool LacksBatch(const v1::MeetGroupResponse::Member& member, const RingOutcome& outcome);

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_RING_OUTCOME_H_
