#include "tools/compare/run_file.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tools/compare/report.h"

namespace pumasi {
namespace {

constexpr uint64_t kMostBytes = 256 << 20;

}  // namespace

absl::StatusOr<std::vector<Run>> ReadRuns(Files& files, const std::string& path) {
  std::string file = path;
  if (files.List(path).ok()) {  // a folder
    for (const char* name : {kRunFile, kReportFile}) {
      const std::string inside = absl::StrCat(path, "/", name);
      auto there = files.Exists(inside);
      if (!there.ok()) return there.status();
      if (*there && file == path) file = inside;
    }
    if (file == path) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": has no ", kRunFile,
                       ", which `pumasi train` leaves in its output folder when the job has "
                       "ended, and no ",
                       kReportFile, " of `pumasi compare`"));
    }
  }
  auto text = ReadFile(files, file, kMostBytes);
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());  // the user's to mend
  const Json json = Json::parse(*text, nullptr, false);
  if (json.is_discarded()) {
    return absl::InvalidArgumentError(absl::StrCat(file,
                                                   ": is not JSON; expected an output folder, or what "
                                                   "`pumasi train --json` or `watch --json` printed"));
  }
  return RunsFromJson(json, path);
}

}  // namespace pumasi
