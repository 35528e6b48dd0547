// Gathers what a daemon has counted into one snapshot.
#ifndef PUMASI_COMMON_METRICS_METRIC_SET_H_
#define PUMASI_COMMON_METRICS_METRIC_SET_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/time_histogram.h"
#include "proto/metrics.pb.h"
#include "proto/time_use.pb.h"

namespace pumasi {

// Label names and values, in the order in which they are shown.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Names are as Prometheus wants them: pumasi_..., with the unit, counters with _total. All calls for one name agree in
// type and help, and differ in labels. Not thread-safe.
class MetricSet {
 public:
  void Counter(const std::string& name, const std::string& help, const MetricLabels& labels, double value);
  void Gauge(const std::string& name, const std::string& help, const MetricLabels& labels, double value);
  void Histogram(const std::string& name, const std::string& help, const MetricLabels& labels,
                 const TimeHistogram& histogram);

  // Where a node's time on a job went: pumasi_stage_seconds, pumasi_busy_seconds_total, and of workers
  // pumasi_wait_seconds_total.
  void JobTime(const std::string& job, const v1::TimeUse& total);

  // In the order in which the names came. Nothing is left.
  v1::MetricsSnapshot Take();

 private:
  v1::MetricSeries* Series(const std::string& name, const std::string& help, v1::MetricFamily::Type type,
                           const MetricLabels& labels);

  v1::MetricsSnapshot snapshot_;
  std::map<std::string, int> families_;  // index in the snapshot, by name
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_METRICS_METRIC_SET_H_
