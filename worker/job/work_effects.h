// What WorkCore wants done. Its shell does it, outside the core's lock, and tells the core what came out.
#ifndef PUMASI_WORKER_JOB_WORK_EFFECTS_H_
#define PUMASI_WORKER_JOB_WORK_EFFECTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

// Ask the scheduler for units: LeaseUnits, then LeaseAnswer. One at a time. The scheduler may keep the call until there
// is something to do.
struct CallLease {
  v1::LeaseUnitsRequest request;
};

// Tell the scheduler results, that leases are given back, or what is computed without one: LeaseUnits, then
// ReportAnswer with the same id. One at a time. The shell may add `use` to the request: what is told twice must not be
// counted twice, so it belongs to one call.
struct Report {
  uint64_t id = 0;
  v1::LeaseUnitsRequest request;
};

// Read the rows of the lease, then ReadDone.
struct Read {
  uint64_t unit = 0;
  v1::Lease lease;
  absl::Duration leased;  // when it came
};

// Ask each of `servers` (indices into the servers of the layout with that epoch) for its part of the unit's parameters
// at `version`, of which so many batches as `staleness` says may be missing, or a lane's own; then PullAnswer for each,
// after the options' call_timeout at the latest. A new attempt starts anew: what earlier attempts brought is of no use,
// and their calls may be cancelled; calls of the same attempt add up. Where the shell has another layout by now it does
// nothing: the assignment that brought it makes the core begin a new attempt.
struct Pull {
  uint64_t unit = 0;
  uint64_t attempt = 0;
  uint64_t layout_epoch = 0;
  uint64_t version = 0;
  uint32_t staleness = 0;
  std::vector<uint32_t> servers;
  std::optional<uint32_t> lane = {};
};

// Compute the unit out of what its last attempt pulled, then ComputeDone. One at a time.
struct Compute {
  uint64_t unit = 0;
};

// Push to each of `servers` its part of what was computed, with the same conditions as Pull; then PushAnswer for each.
struct Push {
  uint64_t unit = 0;
  uint64_t attempt = 0;
  uint64_t layout_epoch = 0;
  std::vector<uint32_t> servers;
};

// The unit is over: free what there is of it and cancel its calls. Answers about it may still come.
struct Drop {
  uint64_t unit = 0;
};

// This incarnation was declared dead: register anew. The core does nothing more.
struct Fenced {};

// The job can't be computed: tell the scheduler (ReportFailure). Comes again every now and then, as long as the job is
// assigned.
struct FailJob {
  std::string message;
};

using WorkEffect = std::variant<CallLease, Report, Read, Pull, Compute, Push, Drop, Fenced, FailJob>;

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_WORK_EFFECTS_H_
