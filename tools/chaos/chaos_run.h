// One job on a cluster of its own, undisturbed or disturbed, from the cluster's start to the audit of what was applied.
#ifndef PUMASI_TOOLS_CHAOS_CHAOS_RUN_H_
#define PUMASI_TOOLS_CHAOS_CHAOS_RUN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/scheduler.pb.h"
#include "tools/chaos/scenario.h"
#include "tools/chaos/stalls.h"
#include "tools/cli/job_file.h"
#include "tools/hosts/cluster_hosts.h"

namespace pumasi {

struct ChaosRun {
  JobFile job;
  uint32_t servers = 2;
  uint32_t workers = 2;
  std::string folder;             // absolute, new: database, logs and the job's output
  std::string cache;              // absolute; empty: the workers' default
  double deadline = 600;          // seconds from the cluster's start to the job's end
  ClusterHosts* hosts = nullptr;  // null: all daemons run right here
  uint64_t disk = 0;              // bytes of a disk of its own for the job's output; 0: it has none
  Scenario::Make scenario;        // unset: undisturbed
  double disturb_for = 1e9;       // seconds; the scenario is healed afterwards
  unsigned burners = 0;           // threads that compute nothing, during the scenario
  // Not 0: only the speed is of interest. So many seconds after the first batches the job is cancelled.
  double measure_for = 0;
};

// Times without another origin are seconds since the start of the scenario.
struct ChaosOutcome {
  v1::JobStatus status;
  v1::AuditResponse audit;  // the sums
  absl::Status exact;       // of the sums and of every batch
  double seconds = 0;       // from the first batch to the end
  double start = 0;         // of the scenario, in seconds of RealClock; `stalls` are in these
  Stalls stalls;
  ScenarioSeen seen;
  std::vector<DeathLog::Death> deaths;
  double healed_at = 0;         // 0: faults went on to the end
  uint64_t healed_version = 0;  // batches done by then
  uint64_t batches_alone = 0;   // of which a part at least was computed without a lease
  double batches_per_s = 0;     // where measure_for is not 0
};

// DeadlineExceeded: the job did not end in time. Cancelled: the user ended it. To be called in the main thread.
absl::StatusOr<ChaosOutcome> RunWithFaults(const ChaosRun& run, const Scenario::Say& say);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_CHAOS_RUN_H_
