// What the programs' exit codes mean.
#ifndef PUMASI_COMMON_EXIT_CODE_H_
#define PUMASI_COMMON_EXIT_CODE_H_

#include "absl/status/status.h"

namespace pumasi {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,        // the work itself failed
  kExitBadInput = 2,      // a flag, a setting or a file that the user gave is wrong
  kExitUnreachable = 3,   // the cluster, or a part of it, could not be reached
  kExitInterrupted = 130  // Ctrl-C or SIGTERM, before the work was done
};

// InvalidArgument is bad input; Unavailable and DeadlineExceeded are unreachable; other errors are failures.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace pumasi

#endif  // PUMASI_COMMON_EXIT_CODE_H_
