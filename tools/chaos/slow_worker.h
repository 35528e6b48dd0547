// How much of what a slow worker and fast ones could do together they do.
#ifndef PUMASI_TOOLS_CHAOS_SLOW_WORKER_H_
#define PUMASI_TOOLS_CHAOS_SLOW_WORKER_H_

#include "absl/status/statusor.h"
#include "tools/chaos/chaos_run.h"
#include "tools/chaos/goals.h"

namespace pumasi {

// Batches a second.
struct SlowWorkerSpeeds {
  double others = 0;    // all workers but one, at full speed
  double slow = 0;      // one alone, slowed
  double together = 0;  // all of them, one slowed
  double ideal() const { return others + slow; }
};

// Trains three times, each `run.measure_for` seconds long, in folders of their own in run.folder. `run.workers` is at
// least 2; `share` of the time is what the slow one gets (SlowedWorker). Errors: those of RunWithFaults;
// FailedPrecondition: the job ended before its speed was known.
absl::StatusOr<SlowWorkerSpeeds> MeasureSlowWorker(const ChaosRun& run, double share, const Scenario::Say& say);

Goal SlowWorkerGoal(const SlowWorkerSpeeds& speeds, double share);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_SLOW_WORKER_H_
