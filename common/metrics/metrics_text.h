// A snapshot in the text format of Prometheus, version 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/).
#ifndef PUMASI_COMMON_METRICS_METRICS_TEXT_H_
#define PUMASI_COMMON_METRICS_METRICS_TEXT_H_

#include <string>

#include "proto/metrics.pb.h"

namespace pumasi {

inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";

// Families and series in the snapshot's order. A histogram's counts become cumulative ones, up to le="+Inf".
std::string MetricsText(const v1::MetricsSnapshot& snapshot);

}  // namespace pumasi

#endif  // PUMASI_COMMON_METRICS_METRICS_TEXT_H_
