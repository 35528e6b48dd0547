// What a job's mode means for the nodes that it runs on.
#ifndef PUMASI_COMMON_JOB_MODE_H_
#define PUMASI_COMMON_JOB_MODE_H_

#include <cstdint>

#include "proto/job.pb.h"

namespace pumasi {

// Servers hold the rows, and each worker all dense chunks: rows and dense chunks are in slots of their own.
inline bool KindsLieApart(const v1::Job& job) { return job.mode() == v1::MODE_HYBRID; }

// The job's servers hold slots; otherwise it needs none.
inline bool ServersHoldSlots(const v1::Job& job) { return job.mode() != v1::MODE_ALLREDUCE; }

// The job's workers do. With servers: those of dense chunks, and servers those of rows.
inline bool WorkersHoldSlots(const v1::Job& job) { return job.mode() == v1::MODE_ALLREDUCE || KindsLieApart(job); }

// Each of them holds all slots.
inline bool WorkersHoldAllSlots(const v1::Job& job) {
  return !ServersHoldSlots(job) && job.allreduce().state() == v1::ALLREDUCE_STATE_REPLICATED;
}

// Each of them holds all slots that workers hold; otherwise each holds a share.
inline bool WorkersReplicate(const v1::Job& job) { return KindsLieApart(job) || WorkersHoldAllSlots(job); }

// Of a layout.
inline uint32_t SlotsInLayout(const v1::Job& job) { return job.slots() * (KindsLieApart(job) ? 2 : 1); }

}  // namespace pumasi

#endif  // PUMASI_COMMON_JOB_MODE_H_
