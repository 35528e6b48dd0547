// Whether a run came out as it has to, for people and for scripts.
#ifndef PUMASI_TOOLS_CHAOS_VERDICT_H_
#define PUMASI_TOOLS_CHAOS_VERDICT_H_

#include <string>
#include <vector>

#include "tools/chaos/chaos_run.h"
#include "tools/chaos/goals.h"
#include "tools/cli/json.h"

namespace pumasi {

struct Verdict {
  std::vector<std::string> problems;  // empty: all is as it has to be
  Json json;
  std::string text;  // lines
};

struct Expected {
  std::string sha256;                         // empty: any
  double seconds = 0;                         // 0: not known
  const ChaosOutcome* undisturbed = nullptr;  // if there was such a run
};

// `seed` is told.
Verdict Judge(const ChaosOutcome& outcome, const Expected& expected, const GoalInputs& inputs, uint64_t seed);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_VERDICT_H_
