// A comparison, written three ways. All three say the same.
#ifndef PUMASI_TOOLS_COMPARE_REPORT_H_
#define PUMASI_TOOLS_COMPARE_REPORT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/cli/json.h"
#include "tools/compare/comparison.h"
#include "tools/compare/summary.h"
#include "tools/compare/verdict.h"

namespace pumasi {

struct Report {
  const Comparison& comparison;
  const std::vector<Summary>& summaries;  // of it
  const Verdict& verdict;                 // of them
};

// For a terminal: tables, warnings, the verdict in lines of at most 100 characters. Names are made harmless.
std::string ReportText(const Report& report);

// Everything, and the runs themselves (docs/compare.md).
Json ReportJson(const Report& report);
// The runs of what ReportJson gave, or the one run that `json` is (tools/compare/run_json.h).
absl::StatusOr<std::vector<Run>> RunsFromJson(const Json& json, const std::string& source);

// A page that needs no other file and loads none.
std::string ReportHtml(const Report& report);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_REPORT_H_
