// Offers a daemon's numbers as a gRPC service. Who may call was checked before (common/authorize.h).
#ifndef PUMASI_COMMON_METRICS_METRICS_SERVICE_H_
#define PUMASI_COMMON_METRICS_METRICS_SERVICE_H_

#include <functional>
#include <utility>

#include "proto/metrics.grpc.pb.h"

namespace pumasi {

// Thread-safe if `source` is.
class MetricsService final : public v1::Metrics::CallbackService {
 public:
  using Source = std::function<v1::MetricsSnapshot()>;
  explicit MetricsService(Source source) : source_(std::move(source)) {}

  grpc::ServerUnaryReactor* GetMetrics(grpc::CallbackServerContext* context, const v1::GetMetricsRequest* request,
                                       v1::MetricsSnapshot* response) override;

 private:
  const Source source_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_METRICS_METRICS_SERVICE_H_
