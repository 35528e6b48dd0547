#include "common/metrics/daemon_metrics.h"

#include <utility>

#include "common/log.h"
#include "common/metrics/metrics_text.h"
#include "common/metrics/process_metrics.h"

namespace pumasi {

DaemonMetrics::DaemonMetrics(const std::string& role, const std::string& node, const Fill& fill)
    : source_([=] {
        MetricSet metrics;
        AddProcessMetrics(role, node, &metrics);
        fill(&metrics);
        return metrics.Take();
      }),
      service_(source_) {}

absl::Status DaemonMetrics::Listen(const v1::MetricsConfig& config) {
  if (config.listen().empty()) return absl::OkStatus();
  auto listener = MetricsListener::Start(config, [this] { return MetricsText(source_()); });
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
  Log(Severity::kInfo, "metrics are served", {{"address", listener_->address().ToString()}});
  return absl::OkStatus();
}

}  // namespace pumasi
