// Fetches a job's trace from its scheduler, and writes it to a file.
#ifndef PUMASI_TOOLS_CLI_TRACE_FILE_H_
#define PUMASI_TOOLS_CLI_TRACE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "tools/cli/scheduler_link.h"

namespace pumasi {

// Events that a job is asked to keep: some minutes of a small cluster, and 30 MB of JSON.
constexpr uint32_t kTraceEvents = 200000;

// Makes the file, so that what stands in the way shows before anything is trained.
absl::Status BeginTraceFile(const std::string& path);
// Replaces its contents. FailedPrecondition: the job was not asked for a trace, or has told nothing yet.
absl::Status WriteTraceFile(SchedulerLink& link, const std::string& job_id, const std::string& path);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_TRACE_FILE_H_
