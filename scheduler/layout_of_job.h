// A job's layouts, whichever way its mode has slots lie. Pure functions.
#ifndef PUMASI_SCHEDULER_LAYOUT_OF_JOB_H_
#define PUMASI_SCHEDULER_LAYOUT_OF_JOB_H_

#include <cstdint>
#include <vector>

#include "proto/job.pb.h"
#include "scheduler/layout_plan.h"

namespace pumasi {

// The first layout of a generation. `nodes`: those that may hold slots of the job; by their roles servers and workers.
// REQUIRES: WantedHolders (scheduler/job_holders.h) of one server are there.
v1::Layout FirstLayout(const v1::Job& job, uint64_t epoch, uint64_t generation, const std::vector<v1::Node>& nodes);

// What comes after view.current.
LayoutStep NextLayoutOfJob(const LayoutView& view);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_LAYOUT_OF_JOB_H_
