// A job file as the CLI takes it: read, changed by --set, completed and checked.
#ifndef PUMASI_TOOLS_CLI_JOB_FILE_H_
#define PUMASI_TOOLS_CLI_JOB_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"

namespace pumasi {

struct JobFile {
  v1::Job job;
  std::string base;  // absolute folder of the file: relative paths of the job are relative to it
};

// Errors are InvalidArgument with file, line and column, also for what no single field shows: a batch that does not
// divide by micro_batches, layers that do not fit, a column that the data do not have.
absl::StatusOr<JobFile> LoadJobFile(const std::string& path, const std::vector<std::string>& set);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_JOB_FILE_H_
