// What a job's mode means for the nodes that it runs on.
#ifndef PUMASI_COMMON_JOB_MODE_H_
#define PUMASI_COMMON_JOB_MODE_H_

#include "proto/job.pb.h"

namespace pumasi {

// The job's workers hold its slots, each a share of them, and it needs no servers; otherwise servers do.
inline bool WorkersHoldSlots(const v1::Job& job) { return job.mode() == v1::MODE_ALLREDUCE; }

}  // namespace pumasi

#endif  // PUMASI_COMMON_JOB_MODE_H_
