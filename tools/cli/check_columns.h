// Whether a job's data files are there and have its columns, before a cluster is bothered with it.
#ifndef PUMASI_TOOLS_CLI_CHECK_COLUMNS_H_
#define PUMASI_TOOLS_CLI_CHECK_COLUMNS_H_

#include <string>

#include "absl/status/status.h"
#include "common/source_map.h"
#include "proto/job.pb.h"

namespace pumasi {

// Looks at the header of the first file of each data set, unless it is compressed. InvalidArgument, with the place of
// the setting that names the file or column.
absl::Status CheckColumns(const v1::Job& job, const std::string& base, const SourceMap& source);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_CHECK_COLUMNS_H_
