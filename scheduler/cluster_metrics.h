// What monitoring sees of a cluster and its jobs.
#ifndef PUMASI_SCHEDULER_CLUSTER_METRICS_H_
#define PUMASI_SCHEDULER_CLUSTER_METRICS_H_

#include "absl/time/time.h"
#include "common/metrics/metric_set.h"
#include "scheduler/cluster.h"

namespace pumasi {

// Jobs that have ended are counted by their state; the latest so many of them keep their own numbers, too.
inline constexpr size_t kEndedJobsShown = 5;

void AddClusterMetrics(const Cluster& cluster, absl::Duration now, MetricSet* metrics);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_CLUSTER_METRICS_H_
