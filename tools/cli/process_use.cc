#include "tools/cli/process_use.h"

#include <sched.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pumasi {
namespace {

// Files of /proc have no size to tell beforehand.
std::string Contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

std::optional<ProcessUse> ParseProcessUse(const std::string& status, const std::string& stat, double ticks) {
  // proc(5): "VmHWM:     1234 kB".
  const size_t peak = status.find("VmHWM:");
  // The program's name, in parentheses, may hold spaces and parentheses; utime and stime are fields 14 and 15, the
  // 12th and 13th behind it.
  const size_t name_end = stat.rfind(") ");
  if (peak == std::string::npos || name_end == std::string::npos) return std::nullopt;
  const std::vector<std::string> words =
      absl::StrSplit(status.substr(peak, status.find('\n', peak) - peak), absl::ByAnyChar(" \t"), absl::SkipEmpty());
  const std::vector<std::string> fields = absl::StrSplit(stat.substr(name_end + 2), ' ', absl::SkipEmpty());
  double kilobytes = 0, user = 0, system = 0;
  if (words.size() < 2 || fields.size() < 13 || !absl::SimpleAtod(words[1], &kilobytes) ||
      !absl::SimpleAtod(fields[11], &user) || !absl::SimpleAtod(fields[12], &system)) {
    return std::nullopt;
  }
  return ProcessUse{kilobytes * 1024, (user + system) / ticks};
}

std::optional<ProcessUse> ReadProcessUse(pid_t pid) {
  const std::string folder = absl::StrCat("/proc/", pid);
  return ParseProcessUse(Contents(folder + "/status"), Contents(folder + "/stat"),
                         static_cast<double>(sysconf(_SC_CLK_TCK)));
}

double UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));  // more cores than the set has room for
}

}  // namespace pumasi
