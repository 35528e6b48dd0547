// A job's trace as trace event JSON, which Chrome (chrome://tracing) and Perfetto (ui.perfetto.dev) show.
#ifndef PUMASI_TOOLS_CLI_TRACE_H_
#define PUMASI_TOOLS_CLI_TRACE_H_

#include <string>

#include "proto/scheduler.pb.h"

namespace pumasi {

// One process a daemon, one track a stage; events of a stage that overlap are put on tracks beside each other. Times
// begin with the first event. `trace`: all answers to GetTrace, put together.
std::string TraceJson(const v1::GetTraceResponse& trace);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_TRACE_H_
