// A comparison in words: what to use, what limits each, what would change the answer.
#ifndef PUMASI_TOOLS_COMPARE_VERDICT_H_
#define PUMASI_TOOLS_COMPARE_VERDICT_H_

#include <string>
#include <vector>

#include "tools/compare/comparison.h"
#include "tools/compare/summary.h"

namespace pumasi {

struct Verdict {
  // The configuration to use; nullptr: there is no winner.
  const Summary* best = nullptr;
  // Those that cannot be told from the fastest one, which is the first of them; more than one where there is no winner.
  std::vector<const Summary*> leaders;
  // Sentences. The same comparison always gives the same ones.
  std::string use, limits, change;
  // The whole paragraph.
  std::string Text() const;
};

// The faster one wins: rows/s, or with a stated target the least time until it is reached. A difference that lies
// within the spread of the repetitions (Apart, in summary.h) is none. `summaries` of this comparison; not empty.
Verdict Judge(const Comparison& comparison, const std::vector<Summary>& summaries);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_VERDICT_H_
