// Finds runs on the disk.
#ifndef PUMASI_TOOLS_COMPARE_RUN_FILE_H_
#define PUMASI_TOOLS_COMPARE_RUN_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/file.h"
#include "tools/compare/run.h"

namespace pumasi {

// What `pumasi train` leaves in its output folder.
constexpr char kRunFile[] = "run.json";
// What `pumasi compare` writes.
constexpr char kReportFile[] = "report.json";

// `path` is an output folder of `pumasi train`, one of `pumasi compare` (all of its runs), or a file that holds what
// stands in them or what `train --json` or `watch --json` printed. InvalidArgument says what would be right.
absl::StatusOr<std::vector<Run>> ReadRuns(Files& files, const std::string& path);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_RUN_FILE_H_
