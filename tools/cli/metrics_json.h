// A daemon's numbers as JSON.
#ifndef PUMASI_TOOLS_CLI_METRICS_JSON_H_
#define PUMASI_TOOLS_CLI_METRICS_JSON_H_

#include "proto/metrics.pb.h"
#include "tools/cli/json.h"

namespace pumasi {

// A list of {"name", "type", "help", "series"}; each of the series has "labels" and a "value", or of a histogram
// "count", "seconds" (sum) and "buckets": pairs of an upper bound (null: none) and how many were below it, and not
// below the bound before. What is not finite is null.
Json MetricsJson(const v1::MetricsSnapshot& snapshot);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_METRICS_JSON_H_
