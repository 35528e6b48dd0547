// What a process used of the machine, as the kernel counts it.
#ifndef PUMASI_TOOLS_CLI_PROCESS_USE_H_
#define PUMASI_TOOLS_CLI_PROCESS_USE_H_

#include <sys/types.h>

#include <optional>
#include <string>

namespace pumasi {

struct ProcessUse {
  double peak_bytes = 0;   // most memory that was resident at once
  double cpu_seconds = 0;  // of all threads, user and system
};

// Unset: the process is not there any more.
std::optional<ProcessUse> ReadProcessUse(pid_t pid);

// What the two files of /proc/PID say; for ReadProcessUse and its test. `status` and `stat`: their texts; `ticks`: of
// the clock a second. Unset: they do not say it.
std::optional<ProcessUse> ParseProcessUse(const std::string& status, const std::string& stat, double ticks);

// Cores that this process may run on.
double UsableCores();

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_PROCESS_USE_H_
