// What every daemon tells of its process.
#ifndef PUMASI_COMMON_METRICS_PROCESS_METRICS_H_
#define PUMASI_COMMON_METRICS_PROCESS_METRICS_H_

#include <string>

#include "common/metrics/metric_set.h"

namespace pumasi {

// pumasi_build_info, and under the names that Prometheus' own libraries use process_cpu_seconds_total and
// process_resident_memory_bytes. What the system does not tell is left out.
void AddProcessMetrics(const std::string& role, const std::string& node, MetricSet* metrics);

}  // namespace pumasi

#endif  // PUMASI_COMMON_METRICS_PROCESS_METRICS_H_
