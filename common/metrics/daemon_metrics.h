// How a daemon's numbers get out: a gRPC service always, plain HTTP where that is wanted.
#ifndef PUMASI_COMMON_METRICS_DAEMON_METRICS_H_
#define PUMASI_COMMON_METRICS_DAEMON_METRICS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/metrics/metric_set.h"
#include "common/metrics/metrics_listener.h"
#include "common/metrics/metrics_service.h"
#include "proto/config.pb.h"

namespace pumasi {

// `fill` adds what is the daemon's own; it is called from other threads, several at a time, until this is destroyed and
// the gRPC server is shut down. What all daemons have is added here.
class DaemonMetrics {
 public:
  using Fill = std::function<void(MetricSet* metrics)>;
  DaemonMetrics(const std::string& role, const std::string& node, const Fill& fill);

  // To be registered at the daemon's gRPC server, which must not outlive this.
  grpc::Service* service() { return &service_; }
  // Serves HTTP from now on if config.listen is set. Errors as MetricsListener::Start.
  absl::Status Listen(const v1::MetricsConfig& config);
  // Ends HTTP. To be called before what `fill` looks at goes.
  void Stop() { listener_.reset(); }

 private:
  const MetricsService::Source source_;
  MetricsService service_;
  std::unique_ptr<MetricsListener> listener_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_METRICS_DAEMON_METRICS_H_
