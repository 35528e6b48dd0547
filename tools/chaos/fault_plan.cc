#include "tools/chaos/fault_plan.h"

#include <iterator>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

constexpr double kLosses[] = {0.01, 0.05, 0.2};

}  // namespace

std::string FaultName(FaultKind kind) {
  switch (kind) {
    case FaultKind::kKill:
      return "kill";
    case FaultKind::kStop:
      return "stop";
    case FaultKind::kSlow:
      return "slow";
    case FaultKind::kPartition:
      return "partition";
    case FaultKind::kOneWay:
      return "oneway";
    case FaultKind::kPartial:
      return "partial";
    case FaultKind::kLoss:
      return "loss";
    case FaultKind::kFull:
      return "full";
  }
  return "";
}

bool OnNetwork(FaultKind kind) {
  return kind == FaultKind::kPartition || kind == FaultKind::kOneWay || kind == FaultKind::kPartial ||
         kind == FaultKind::kLoss;
}

absl::StatusOr<FaultKind> FaultOfName(const std::string& name) {
  std::string names;
  for (FaultKind kind : kAllFaults) {
    if (FaultName(kind) == name) return kind;
    absl::StrAppend(&names, names.empty() ? "" : ", ", FaultName(kind));
  }
  return absl::InvalidArgumentError(absl::StrCat("'", name, "' is no fault; there are ", names));
}

double FaultPlan::Uniform(double least, double most) {
  return least + (most - least) * (static_cast<double>(random_() >> 11) * 0x1p-53);
}

Fault FaultPlan::Next() {
  Fault fault;
  if (happened_ >= options_.most) {
    fault.at = std::numeric_limits<double>::infinity();
    return fault;
  }
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
    case FaultKind::kPartition:
    case FaultKind::kOneWay:
    case FaultKind::kPartial:
    case FaultKind::kLoss:
    case FaultKind::kFull:
      // As with kStop: some are over before anybody is taken for dead.
      fault.seconds = Uniform(0.5, 8);
      break;
  }
  const size_t count = options_.targets.size();
  fault.peer = fault.target;
  if (fault.kind == FaultKind::kOneWay) fault.outgoing = random_() % 2 == 0;
  if (fault.kind == FaultKind::kPartial && count > 1) fault.peer = (fault.target + 1 + random_() % (count - 1)) % count;
  if (fault.kind == FaultKind::kLoss) fault.loss = kLosses[random_() % std::size(kLosses)];
  return fault;
}

}  // namespace pumasi
