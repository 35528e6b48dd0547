// What limits the speed of a run.
#ifndef PUMASI_TOOLS_COMPARE_LIMIT_H_
#define PUMASI_TOOLS_COMPARE_LIMIT_H_

#include <string>

#include "tools/compare/run.h"

namespace pumasi {

enum class LimitKind {
  kUnknown,     // the run does not tell where its time went
  kCores,       // the processor cores of the one machine on which everything ran
  kCompute,     // what workers compute
  kLink,        // values and gradients on their way
  kServer,      // servers that serve and apply
  kStragglers,  // one worker that the others wait for
  kInput,       // rows to be read
  kParts        // units to be leased: too few parts of a batch for so many workers
};

struct Limit {
  LimitKind kind = LimitKind::kUnknown;
  std::string sentence;  // with the figures that say so
  bool operator==(const Limit&) const = default;
};

// The machine's cores, if its processes keep kCoresBusy of them busy: then all else is a wait for a core. Otherwise the
// scheduler's own finding (docs/profile.md); a worker that stands out in it is a straggler.
Limit FindLimit(const Run& run);

// "cores", "compute", "link", "server", "stragglers", "input", "parts"; "unknown".
const char* LimitName(LimitKind kind);

constexpr double kCoresBusy = 0.9;

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_LIMIT_H_
