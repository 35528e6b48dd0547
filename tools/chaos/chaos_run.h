// One job on a cluster of its own, undisturbed or disturbed, from the cluster's start to the audit of what was applied.
#ifndef PUMASI_TOOLS_CHAOS_CHAOS_RUN_H_
#define PUMASI_TOOLS_CHAOS_CHAOS_RUN_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/scheduler.pb.h"
#include "tools/chaos/disturber.h"
#include "tools/chaos/fault_plan.h"
#include "tools/chaos/stalls.h"
#include "tools/cli/job_file.h"

namespace pumasi {

struct ChaosRun {
  JobFile job;
  uint32_t servers = 2;
  uint32_t workers = 2;
  std::string folder;             // absolute, new: database, logs and the job's output
  std::string cache;              // absolute; empty: the workers' default
  double deadline = 600;          // seconds from the cluster's start to the job's end
  std::optional<FaultPlan> plan;  // none: undisturbed
  double disturb_for = 1e9;       // seconds; no faults afterwards
};

struct ChaosOutcome {
  v1::JobStatus status;
  v1::AuditResponse audit;  // the sums
  absl::Status exact;       // of the sums and of every batch
  double seconds = 0;       // from the first batch to the end
  Stalls stalls;
  std::map<FaultKind, int> faults;
  int ended_by_themselves = 0;
};

// DeadlineExceeded: the job did not end in time. Cancelled: the user ended it. To be called in the main thread.
absl::StatusOr<ChaosOutcome> RunWithFaults(const ChaosRun& run, const Disturber::Say& say);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_CHAOS_RUN_H_
