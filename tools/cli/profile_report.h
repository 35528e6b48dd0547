// Where a job's time goes, for people and for scripts (docs/profile.md).
#ifndef PUMASI_TOOLS_CLI_PROFILE_REPORT_H_
#define PUMASI_TOOLS_CLI_PROFILE_REPORT_H_

#include <string>

#include "proto/scheduler.pb.h"
#include "tools/cli/json.h"

namespace pumasi {

// bottleneck (null: nothing can be said yet), workers, servers; null if no node has told anything.
Json ProfileJson(const v1::JobStatus& status);

// A table of the workers' shares and one of the servers', in lines of less than 80 characters. Empty if no node has
// told anything.
std::string ProfileTable(const v1::JobStatus& status);
// "bottleneck: compute: workers ..."; empty: nothing can be said yet.
std::string BottleneckText(const v1::JobStatus& status);
// Both, in lines.
std::string ProfileText(const v1::JobStatus& status);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_PROFILE_REPORT_H_
