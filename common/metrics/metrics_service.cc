#include "common/metrics/metrics_service.h"

namespace pumasi {

grpc::ServerUnaryReactor* MetricsService::GetMetrics(grpc::CallbackServerContext* context, const v1::GetMetricsRequest*,
                                                     v1::MetricsSnapshot* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  *response = source_();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace pumasi
