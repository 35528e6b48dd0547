#include "tools/cli/job_file.h"

#include <climits>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/field_rules.h"
#include "common/job_check.h"
#include "common/set_field.h"
#include "common/source_map.h"
#include "common/yaml_message.h"
#include "tools/cli/check_columns.h"

namespace pumasi {

absl::StatusOr<JobFile> LoadJobFile(const std::string& path, const std::vector<std::string>& set) {
  JobFile file;
  SourceMap source;
  if (absl::Status status = ReadYamlMessage(RealFiles(), path, &file.job, &source); !status.ok()) {
    return absl::InvalidArgumentError(status.message());  // a file that cannot be read is the user's to mend, too
  }
  char real[PATH_MAX];
  if (realpath(path.c_str(), real) == nullptr) return absl::NotFoundError(absl::StrCat(path, ": cannot be resolved"));
  file.base = real;
  file.base.resize(file.base.rfind('/'));
  if (file.base.empty()) file.base = "/";
  for (const std::string& change : set) {
    const size_t equals = change.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("--set ", change, ": expected PATH=VALUE, as in --set epochs=2"));
    }
    absl::Status status = SetField(&file.job, change.substr(0, equals), change.substr(equals + 1),
                                   absl::StrCat("--set ", change), &source);
    if (!status.ok()) return status;
  }
  if (absl::Status status = CompleteMessage(&file.job, source); !status.ok()) return status;
  if (absl::Status status = CheckJob(file.job, source); !status.ok()) return status;
  if (absl::Status status = CheckColumns(file.job, file.base, source); !status.ok()) return status;
  return file;
}

}  // namespace pumasi
