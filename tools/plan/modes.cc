#include "tools/plan/modes.h"

namespace pumasi {

const std::vector<ModeInfo>& PlanModes() {
  static const auto& modes = *new std::vector<ModeInfo>{
      {PlanMode::kPs, "ps", true, true, {"mode=ps"}},
      {PlanMode::kSharded, "allreduce, sharded", false, true, {"mode=allreduce", "allreduce.state=sharded"}},
      {PlanMode::kReplicated, "allreduce, replicated", false, true, {"mode=allreduce", "allreduce.state=replicated"}},
      {PlanMode::kRing,
       "allreduce, ring",
       false,
       false,
       {"mode=allreduce", "allreduce.state=replicated", "allreduce.reduction=ring"}},
      {PlanMode::kDense,
       "allreduce, dense rows",
       false,
       false,
       {"mode=allreduce", "allreduce.state=replicated", "allreduce.reduction=ring", "allreduce.rows=dense"}},
      {PlanMode::kHybrid, "hybrid", true, true, {"mode=hybrid"}},
  };
  return modes;
}

const ModeInfo& InfoOf(PlanMode mode) { return PlanModes()[static_cast<size_t>(mode)]; }

}  // namespace pumasi
