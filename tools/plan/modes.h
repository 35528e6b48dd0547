// The ways in which gradients meet, as far as their bytes and memory differ.
#ifndef PUMASI_TOOLS_PLAN_MODES_H_
#define PUMASI_TOOLS_PLAN_MODES_H_

#include <string>
#include <vector>

namespace pumasi {

enum class PlanMode {
  kPs,          // rows and tensors on servers
  kSharded,     // as ps, but the workers are the servers
  kReplicated,  // every worker holds all, and sends its gradients to each other one
  kRing,        // every worker holds all; tensors are summed along a ring, rows are gathered by all
  kDense,       // likewise; whole tables travel, as with DDP and Horovod
  kHybrid,      // rows on servers; every worker holds all tensors, and sends their gradients to each other one
};

struct ModeInfo {
  PlanMode mode;
  const char* name;  // "allreduce, ring"
  bool servers;      // takes servers besides workers
  // The parameters are those of the other modes, bit for bit, and the forecast was held against runs; false: a forecast
  // from bytes alone, of a mode whose last bits differ.
  bool same_bits;
  // Of the job, KEY=VALUE as for `pumasi train --set`.
  std::vector<std::string> settings;
};

// In the order above.
const std::vector<ModeInfo>& PlanModes();
const ModeInfo& InfoOf(PlanMode mode);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_MODES_H_
