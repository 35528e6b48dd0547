// Named places in the daemons where a test can let the process die, stop or fail: between the steps of a protocol.
//
//   if (absl::Status status = PUMASI_FAILPOINT("server.push.applied"); !status.ok()) return status;
//
//   PUMASI_FAILPOINTS="server.push.applied=crash@3,worker.push.sent=error@2" pumasi-server ...
//
// The setting is a list of NAME=ACTION@HIT. Actions:
//   crash  the process dies at once, as by SIGKILL
//   stop   the process stops until something lets it continue, as by SIGSTOP
//   error  the place fails with Unavailable (nothing happens at places that cannot fail)
// HIT counts from 1: the action is taken the HITth time that the process comes by (without @HIT: the first time), with
// HIT+ each time from then on. Of no use in production, but harmless there: off, a place costs one load.
#ifndef PUMASI_COMMON_FAILPOINT_H_
#define PUMASI_COMMON_FAILPOINT_H_

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// An absl::Status: Ok unless the place shall fail.
#define PUMASI_FAILPOINT(name)                                                                      \
  (::pumasi::internal::failpoints_on.load(std::memory_order_relaxed) ? ::pumasi::HitFailpoint(name) \
                                                                     : ::absl::OkStatus())

namespace pumasi {

constexpr char kFailpointsVariable[] = "PUMASI_FAILPOINTS";

namespace internal {
extern std::atomic<bool> failpoints_on;
}  // namespace internal

// All names, sorted. PUMASI_FAILPOINT is only to be used with these.
const std::vector<std::string>& FailpointNames();

// Puts these settings in place of those before; counts of hits begin anew. Empty: all off. InvalidArgument, and nothing
// changes, for an unknown name, action or count. Thread-safe, as all of these functions.
absl::Status SetFailpoints(absl::string_view settings);

// As SetFailpoints with the environment variable's value; all off if it is not set.
absl::Status SetFailpointsFromEnvironment();

// Counts a hit and does what is set for it. Called by the macro.
absl::Status HitFailpoint(absl::string_view name);

}  // namespace pumasi

#endif  // PUMASI_COMMON_FAILPOINT_H_
