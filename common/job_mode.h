// What a job's mode means for the nodes that it runs on.
#ifndef PUMASI_COMMON_JOB_MODE_H_
#define PUMASI_COMMON_JOB_MODE_H_

#include "proto/job.pb.h"

namespace pumasi {

// The job's workers hold its slots, and it needs no servers; otherwise servers do.
inline bool WorkersHoldSlots(const v1::Job& job) { return job.mode() == v1::MODE_ALLREDUCE; }

// Each of them holds all slots; otherwise each holds a share.
inline bool WorkersHoldAllSlots(const v1::Job& job) {
  return WorkersHoldSlots(job) && job.allreduce().state() == v1::ALLREDUCE_STATE_REPLICATED;
}

}  // namespace pumasi

#endif  // PUMASI_COMMON_JOB_MODE_H_
