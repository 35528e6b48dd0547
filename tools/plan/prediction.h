// How fast one configuration would train, and what holds it up.
//
// A synchronous step, as the longest of its machines lives through it. All workers wait for one another, so its phases
// come one after the other:
//
//   pull      the first unit's rows and tensors: request, answer put together, on the wire, taken in; of what the
//   worker
//             holds itself without the wire
//   compute   the worker's share of the batch; the pulls and pushes of its other units go on beside it
//   push      the last unit's gradient: put together, on the wire, taken in and added up; likewise
//   reduce    in modes where workers meet: their gradients' way to the owners of the chunks, and the sums' way back, or
//             to all other copies
//   apply     the optimizer, on all who hold the slot
//
// Of a phase with a chain of n things that wait for each other, of s_i seconds each, on machines with c cores, whose
// processes need p seconds of processor time in it:   seconds = max(s_1 + ... + s_n, p / c + w), on the worst machine,
// w being the part of s that messages take to wake whom they are for. Computing takes longer the more cores of a
// machine are at it (Costs::busy_compute). Of several workers all wait for the slowest: the one with the longest rows,
// or that was held up. A step takes the sum of its phases, or as long as the scheduler needs for its units if that is
// longer. What else would overlap (rows read ahead, results reported) costs nothing here.
#ifndef PUMASI_TOOLS_PLAN_PREDICTION_H_
#define PUMASI_TOOLS_PLAN_PREDICTION_H_

#include <array>
#include <map>
#include <string>
#include <vector>

#include "tools/plan/costs.h"
#include "tools/plan/distinct_ids.h"
#include "tools/plan/machines.h"
#include "tools/plan/memory_needs.h"

namespace pumasi {

// What a second of a step is spent on.
enum class Cause { kCompute, kWorkerExchange, kServerExchange, kOptimizer, kLink, kCalls, kCores, kUneven, kScheduler };
inline constexpr size_t kCauses = 9;
// "compute", "link", ...
const char* CauseName(Cause cause);

struct Phase {
  const char* name = "";
  double seconds = 0;
};

struct Prediction {
  Candidate candidate;
  double step_s = 0;
  double rows_per_s = 0;
  std::vector<Phase> phases;
  std::array<double, kCauses> causes{};  // seconds of a step; their sum is step_s
  double worker_bytes = 0;               // pulled, pushed, sent and received by one worker in a step
  double link_bytes = 0;                 // of those, what leaves or reaches its machine
  MemoryNeeds memory;
  std::string problem;  // why it can't run; empty: it can
  Cause bottleneck() const;
};

// All that a prediction needs besides the candidate. Pointers outlive it.
struct PlanInput {
  JobShape shape;
  const DistinctIds* ids = nullptr;
  std::vector<MachineGroup> groups;
  Costs costs;
  ComputeTime compute = ComputeTime::Stated(1);
  double worker_cores = 1;  // that one worker computes with
  // Modes in which this job cannot be trained, and why.
  std::map<PlanMode, std::string> refused;
};

// `distinct`: input.ids' Expected, perhaps remembered. REQUIRES: micro_batches divides the batch.
Prediction Predict(const PlanInput& input, const DistinctOf& distinct, const Candidate& candidate);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_PREDICTION_H_
