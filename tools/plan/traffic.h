// The bytes that one worker moves in a step, and the floats that optimizers change, by mode.
#ifndef PUMASI_TOOLS_PLAN_TRAFFIC_H_
#define PUMASI_TOOLS_PLAN_TRAFFIC_H_

#include <cstdint>
#include <functional>

#include "tools/plan/job_shape.h"
#include "tools/plan/modes.h"

namespace pumasi {

// The number of distinct ids in so many rows.
using DistinctOf = std::function<double(double rows)>;

// One way to run a job. `servers`: 0 in modes that take none.
struct Candidate {
  PlanMode mode = PlanMode::kPs;
  uint32_t servers = 1;
  uint32_t workers = 1;
  uint32_t micro_batches = 1;
};

// Processes that hold slots: the servers, or the workers in their place.
double Holders(const Candidate& candidate);

// Of those, whom each worker calls: a worker that holds slots does not call itself.
double Called(const Candidate& candidate, double slots);

// By how much the holder with the most of `slots` slots has more than its share.
double Unevenness(double holders, double slots);

// Of one worker in one step.
struct Traffic {
  double units = 0;      // that it leases: nodes of the tree of parts (scheduler/ledger.h)
  double unit_rows = 0;  // of the largest one
  // Bytes of calls to other processes that hold slots, answers included, each way on its way through this worker once.
  double pulled = 0;
  double pushed = 0;  // to all copies
  // Of values that it reads from slots of its own, and of gradients that it adds to them.
  double pulled_own = 0;
  double pushed_own = 0;
  double sent = 0;  // bytes to other workers, in modes where they meet
  double received = 0;
  double calls = 0;  // to other holders and workers
};

// `parts` of the batch are this worker's; with hybrid, ring and the like all workers have as many.
Traffic TrafficOf(const JobShape& shape, const DistinctOf& distinct, const Candidate& candidate, uint32_t parts);

// Floats that the busiest holder's optimizer changes in a step.
double AppliedFloats(const JobShape& shape, const DistinctOf& distinct, const Candidate& candidate);

// Of workers, in modes where they hold tensors, or all: floats that each one's optimizer changes in a step.
double AppliedByWorker(const JobShape& shape, const DistinctOf& distinct, const Candidate& candidate);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_TRAFFIC_H_
