#include "common/metrics/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "common/version.h"

namespace pumasi {

void AddProcessMetrics(const std::string& role, const std::string& node, MetricSet* metrics) {
  metrics->Gauge("pumasi_build_info", "Always 1; which program, under which name.",
                 {{"version", kVersion}, {"role", role}, {"node", node}}, 1);
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    metrics->Counter("process_cpu_seconds_total", "Processor time, in user and system mode.", {},
                     seconds(usage.ru_utime) + seconds(usage.ru_stime));
  }
  // In pages: the whole size, then what is in memory.
  double size = 0, resident = 0;
  if (std::ifstream("/proc/self/statm") >> size >> resident) {
    metrics->Gauge("process_resident_memory_bytes", "Memory that is not swapped out.", {},
                   resident * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
}

}  // namespace pumasi
