#include "tools/cli/check_columns.h"

#include "absl/strings/match.h"
#include "worker/input/csv_table.h"
#include "worker/input/data_files.h"

namespace pumasi {
namespace {

absl::Status CheckFiles(const std::string& pattern, const std::string& field, const v1::Job& job,
                        const std::string& base, const SourceMap& source) {
  auto files = ResolveDataFiles(pattern, base, "/");
  if (!files.ok()) return source.Error(field, files.status().message());
  // Unpacking a large file only to see its first line would take too long here; the workers check it.
  if (absl::EndsWith(files->front(), ".gz")) return absl::OkStatus();
  for (const std::string& column : job.data().text()) {
    auto table = CsvTable::Open(files->front(), {{column}, ""});
    if (!table.ok()) return source.Error("data.text", table.status().message());
  }
  auto table = CsvTable::Open(files->front(), {{job.data().text(0)}, job.data().label()});
  return table.ok() ? absl::OkStatus() : source.Error("data.label", table.status().message());
}

}  // namespace

absl::Status CheckColumns(const v1::Job& job, const std::string& base, const SourceMap& source) {
  if (job.data().has_synthetic()) return absl::OkStatus();
  if (absl::Status status = CheckFiles(job.data().train(), "data.train", job, base, source); !status.ok())
    return status;
  if (!job.data().has_test()) return absl::OkStatus();
  return CheckFiles(job.data().test(), "data.test", job, base, source);
}

}  // namespace pumasi
