// Which runs a comparison of one job takes, and in which order. Pure.
#ifndef PUMASI_TOOLS_COMPARE_PLAN_H_
#define PUMASI_TOOLS_COMPARE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pumasi {

struct Sweep {
  std::vector<std::string> modes;          // not empty
  std::vector<uint32_t> workers, servers;  // not empty, above 0
  std::vector<std::string> vary;           // KEY=A,B,...: a field of the job, and its values in YAML
  std::vector<std::string> links = {};     // of the daemons' hosts, as for `pumasi train --link`
};

// One way to train the job.
struct Variant {
  std::string label;  // "ps, 2 workers, wire=bf16"
  std::string mode;
  uint32_t workers = 0, servers = 0;
  std::vector<std::string> set;  // KEY=VALUE, as for `pumasi train --set`
  std::string link = {};         // as for `pumasi train --link`; empty: without it
  bool operator==(const Variant&) const = default;
};

// All combinations: modes change slowest, then what is varied in its order, then links, servers and workers.
// InvalidArgument: a --vary that is not KEY=A,B, a key or a value that stands twice, or more than kMostVariants.
absl::StatusOr<std::vector<Variant>> VariantsOf(const Sweep& sweep);
constexpr size_t kMostVariants = 64;

// Settings of a job that a value of --modes stands for. One that is not known is taken for a job's `mode`, whose own
// check then says which there are.
std::vector<std::string> ModeSettings(const std::string& mode);

// What a list's text names: split at commas that stand in no brackets, braces or quotes; without white space around.
std::vector<std::string> SplitValues(const std::string& text);

struct Trial {
  size_t variant = 0;
  uint32_t repetition = 0;  // from 0; of a warm-up 0
  bool warm_up = false;     // does not count
  bool operator==(const Trial&) const = default;
};

// `warm_ups` runs that fill caches and bring the machine's clocks up, of the variants in turn; then `repetitions`
// rounds of all variants, every second one backwards: so a machine that grows slower or faster meanwhile does so for
// all of them.
std::vector<Trial> PlanTrials(size_t variants, uint32_t repetitions, uint32_t warm_ups);

// A name for a folder: "003-ps-2-workers-wire-bf16".
std::string TrialName(size_t number, const std::string& label);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_PLAN_H_
