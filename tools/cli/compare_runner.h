// The runs of a comparison: each a `pumasi train` of this program, one after the other.
#ifndef PUMASI_TOOLS_CLI_COMPARE_RUNNER_H_
#define PUMASI_TOOLS_CLI_COMPARE_RUNNER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/compare/plan.h"
#include "tools/compare/run.h"

namespace pumasi {

struct TrialOptions {
  std::string job_file;
  std::vector<std::string> set;  // for all of them, before a variant's own
  std::string folder;            // gets a folder for each run; made if it is not there
  std::string cache;             // empty: train's default
  absl::Duration deadline;       // of each run
  bool keep = false;             // models and checkpoints stay
  bool quiet = false;            // nothing on standard error while it goes well
};

// The job as each variant trains it, in the form of Run::settings. Errors are those of `pumasi train`, before anything
// is started.
absl::StatusOr<std::vector<Run>> CheckVariants(const TrialOptions& options, const std::vector<Variant>& variants);

// Trains, and returns the runs that count, by variant and then by repetition. One that fails is among them, with its
// state and message; the others go on. Cancelled: Ctrl-C or SIGTERM; the run under way has been ended, and those before
// it are in their folders. Call it in the main thread (tools/cli/child_process.h).
//
// `blank`: of CheckVariants.
absl::StatusOr<std::vector<Run>> RunTrials(const TrialOptions& options, const std::vector<Variant>& variants,
                                           const std::vector<Run>& blank, const std::vector<Trial>& trials);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_COMPARE_RUNNER_H_
