#include "tools/chaos/fault_plan.h"

#include "absl/strings/str_cat.h"

namespace pumasi {

std::string FaultName(FaultKind kind) {
  return kind == FaultKind::kKill ? "kill" : kind == FaultKind::kStop ? "stop" : "slow";
}

absl::StatusOr<FaultKind> FaultOfName(const std::string& name) {
  for (FaultKind kind : {FaultKind::kKill, FaultKind::kStop, FaultKind::kSlow}) {
    if (FaultName(kind) == name) return kind;
  }
  return absl::InvalidArgumentError(absl::StrCat("'", name, "' is no fault; there are kill, stop and slow"));
}

double FaultPlan::Uniform(double least, double most) {
  return least + (most - least) * (static_cast<double>(random_() >> 11) * 0x1p-53);
}

Fault FaultPlan::Next() {
  Fault fault;
  fault.at = at_ += options_.every * Uniform(0.5, 1.5);
  fault.kind = options_.kinds[random_() % options_.kinds.size()];
  fault.target = random_() % options_.targets.size();
  switch (fault.kind) {
    case FaultKind::kKill:
      fault.seconds = Uniform(0, 1);
      break;
    case FaultKind::kStop:
      // Up to twice the lease: some come back within it, some when they are long taken for dead.
      fault.seconds = Uniform(0.2, 6);
      break;
    case FaultKind::kSlow:
      fault.seconds = Uniform(1, 6);
      break;
  }
  return fault;
}

}  // namespace pumasi
