// Runs as JSON: what `pumasi train` leaves in its output folder (run.json), what `pumasi train --json` and `watch
// --json` print, and the entries of a report's `runs` (docs/compare.md).
#ifndef PUMASI_TOOLS_COMPARE_RUN_JSON_H_
#define PUMASI_TOOLS_COMPARE_RUN_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "tools/cli/json.h"
#include "tools/compare/run.h"

namespace pumasi {

// An object like run.json, with what comparisons need of it. RunFromJson gives the same run back.
Json RunJson(const Run& run);

// Takes run.json, the result alone, and RunJson's. Does not trust its input: InvalidArgument says which key has the
// wrong type. Numbers that are negative or not finite count as unknown.
absl::StatusOr<Run> RunFromJson(const Json& json, const std::string& source);

// A JSON value's fields by their paths: {"model": [{"lstm": {"units": 128}}]} gives {"model[0].lstm.units": "128"}.
// An object that is empty is a field "{}": that it is there may say something ("consistency.async"). Texts stand
// without quotes.
std::map<std::string, std::string> FlattenJson(const Json& json);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_RUN_JSON_H_
