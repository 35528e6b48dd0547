// What a job's mode, and how loose it is, mean for the nodes that it runs on.
#ifndef PUMASI_COMMON_JOB_MODE_H_
#define PUMASI_COMMON_JOB_MODE_H_

#include <cstdint>

#include "common/consistency.h"
#include "proto/job.pb.h"

namespace pumasi {

// Servers hold the rows, and workers the dense chunks: rows and dense chunks are in slots of their own.
inline bool KindsLieApart(const v1::Job& job) { return job.mode() == v1::MODE_HYBRID; }

// The job's servers hold slots; otherwise it needs none.
inline bool ServersHoldSlots(const v1::Job& job) { return job.mode() != v1::MODE_ALLREDUCE; }

// The job's workers do. With servers: those of dense chunks, and servers those of rows.
inline bool WorkersHoldSlots(const v1::Job& job) { return job.mode() == v1::MODE_ALLREDUCE || KindsLieApart(job); }

// Each of them holds all slots.
inline bool WorkersHoldAllSlots(const v1::Job& job) {
  return !ServersHoldSlots(job) && job.allreduce().state() == v1::ALLREDUCE_STATE_REPLICATED;
}

// Each of them holds all slots that workers hold; otherwise each holds a share. Where rows may lack updates there is
// one copy alone of each slot: a part that is computed again, since its worker died between two pushes, sees other rows
// and has another gradient, with which copies of a dense tensor would drift apart.
inline bool WorkersReplicate(const v1::Job& job) {
  return WorkersHoldAllSlots(job) || (KindsLieApart(job) && IsReproducible(job.consistency()));
}

// Its workers sum gradients by a ring, and not in the job's own tree.
inline bool ReducesByRing(const v1::Job& job) {
  return WorkersHoldAllSlots(job) && job.allreduce().reduction() == v1::REDUCTION_RING;
}

// Of a layout.
inline uint32_t SlotsInLayout(const v1::Job& job) { return job.slots() * (KindsLieApart(job) ? 2 : 1); }

}  // namespace pumasi

#endif  // PUMASI_COMMON_JOB_MODE_H_
