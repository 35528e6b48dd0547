// Runs, grouped by what they were to show: those that differ in nothing are repetitions of one configuration.
#ifndef PUMASI_TOOLS_COMPARE_COMPARISON_H_
#define PUMASI_TOOLS_COMPARE_COMPARISON_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/compare/run.h"

namespace pumasi {

struct Configuration {
  std::string label;  // "ps, 2 workers, wire=bf16": what tells it from the others of the comparison
  std::string mode;   // as --modes calls it: "ps", "allreduce", "replicated", "ring", "hybrid"
  uint32_t servers = 0, workers = 0;
  // Settings of the job that are not the same in all configurations; a field that a job lacks is not in its map.
  std::map<std::string, std::string> settings;
  std::vector<Run> runs;  // repetitions that ended well, in their order
  // Of one that did not: "failed: message". Empty: all ended well.
  std::string failure;
};

// What "how long until it is that good" means: the test metric, or without one the training loss.
struct Target {
  std::string metric;  // "accuracy", ..., or "loss"
  double value = 0;
  bool stated = false;  // by the user; otherwise found: the best that all runs reach
};

struct Comparison {
  std::string title;                          // the job's name
  std::vector<Configuration> configurations;  // by first appearance
  std::optional<Target> target;               // unset: no run tells of any loss
  std::vector<std::string> warnings;          // why the work was not equal
};

// InvalidArgument of a target that is no number, or that no run of any job measures: for before there are runs.
absl::Status CheckTarget(const std::string& target);

// Groups the runs by mode, servers, workers and all settings but the name. A run that does not say its settings is a
// configuration of its own. InvalidArgument: no run ended well, or the runs' losses measure different things.
//
// `target`: "accuracy=0.8", or "loss=1.2" (of training); empty: found. InvalidArgument if the runs measure something
// else, or it is no number.
absl::StatusOr<Comparison> CompareRuns(const std::vector<Run>& runs, const std::string& target = "");

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_COMPARISON_H_
