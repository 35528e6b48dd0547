// gRPC's own messages.
#ifndef PUMASI_COMMON_GRPC_LOG_H_
#define PUMASI_COMMON_GRPC_LOG_H_

namespace pumasi {

// Sends what gRPC logs about itself through common/log.h, one line an event, errors as warnings: whether they matter is
// for the caller of the failed call to say. Later calls change nothing. Thread-safe.
void RouteGrpcLog();

}  // namespace pumasi

#endif  // PUMASI_COMMON_GRPC_LOG_H_
