#include "common/grpc_log.h"

#include <grpc/support/log.h>

#include "common/log.h"

namespace pumasi {
namespace {

void Route(gpr_log_func_args* args) {
  const Severity severity = args->severity == GPR_LOG_SEVERITY_ERROR ? Severity::kWarn : Severity::kDebug;
  if (Logs(severity)) Log(severity, absl::StrCat("grpc: ", args->message));
}

}  // namespace

void RouteGrpcLog() {
  static const bool routed = [] {
    gpr_set_log_function(Route);
    return true;
  }();
  static_cast<void>(routed);
}

}  // namespace pumasi
