#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/chaos/disturber.h"
#include "tools/chaos/flags.h"
#include "tools/chaos/restart_storm.h"
#include "tools/chaos/scheduler_away.h"

namespace pumasi {
namespace {

const char kRestart[] = "restart";
constexpr double kEvery = 5, kEveryRestart = 1;
constexpr uint64_t kRestarts = 100;

absl::Status CheckTogether(const ChaosFlags& flags) {
  if ((flags.slow_worker > 0) + (flags.scheduler_away > 0) + !flags.faults.empty() > 1) {
    return absl::InvalidArgumentError("--slow-worker, --scheduler-away and --faults exclude one another");
  }
  if (flags.slow_worker > 0 && flags.workers < 2) {
    return absl::InvalidArgumentError("--slow-worker needs --workers of at least 2: a slow one and others");
  }
  if (flags.slow_worker > 0 && (flags.reference || !flags.expect.empty())) {
    return absl::InvalidArgumentError("--slow-worker measures speed alone: no --reference and no --expect");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<FaultKind>> KindsOf(const ChaosFlags& flags) {
  std::vector<FaultKind> kinds;
  for (const std::string& name : flags.faults) {
    auto kind = FaultOfName(name);
    if (name == kRestart) {
      return absl::InvalidArgumentError("--faults restart stands alone: it restarts all daemons at once");
    }
    if (!kind.ok()) return absl::InvalidArgumentError(absl::StrCat("--faults: ", kind.status().message(), ", restart"));
    if (OnNetwork(*kind) && !flags.partitions) {
      return absl::InvalidArgumentError(absl::StrCat("--faults ", name, " needs --partitions"));
    }
    if (*kind == FaultKind::kFull && flags.disk == 0) {
      return absl::InvalidArgumentError("--faults full needs --disk MIB, some times what the job writes");
    }
    kinds.push_back(*kind);
  }
  if (kinds.empty()) {
    for (const FaultKind kind : kAllFaults) {
      if (kind == FaultKind::kFull ? flags.disk > 0 : OnNetwork(kind) == flags.partitions) kinds.push_back(kind);
    }
  }
  return kinds;
}

std::vector<std::string> TargetsOf(const ChaosFlags& flags) {
  std::vector<std::string> targets;
  for (const std::string& target : flags.targets) {
    if (target == "scheduler") targets.push_back(target);
    const uint32_t count = target == "server" ? flags.servers : target == "worker" ? flags.workers : 0;
    for (uint32_t i = 0; i < count; ++i) targets.push_back(absl::StrCat(target, "-", i));
  }
  return targets;
}

}  // namespace

absl::StatusOr<ChaosMode> ModeOf(const ChaosFlags& flags) {
  if (absl::Status status = CheckTogether(flags); !status.ok()) return status;
  ChaosMode mode;
  mode.every = flags.every.value_or(kEvery);
  if (flags.slow_worker > 0) return mode;
  if (flags.scheduler_away > 0) {
    mode.scenario = [seconds = flags.scheduler_away](const Scenario::Stage& stage) {
      return std::make_unique<SchedulerAway>(stage, seconds);
    };
    return mode;
  }
  if (flags.faults == std::vector<std::string>{kRestart}) {
    const RestartStorm::Options options{flags.seed, flags.times.value_or(kRestarts),
                                        flags.every.value_or(kEveryRestart)};
    mode.scenario = [options](const Scenario::Stage& stage) { return std::make_unique<RestartStorm>(stage, options); };
    return mode;
  }
  // Whoever looks for false evictions wants no true ones.
  if (flags.oversubscribe > 0 && flags.faults.empty() && !flags.partitions) return mode;
  auto kinds = KindsOf(flags);
  if (!kinds.ok()) return kinds.status();
  mode.kills_only = *kinds == std::vector<FaultKind>{FaultKind::kKill};
  FaultPlan::Options plan;
  plan.seed = flags.seed;
  plan.every = mode.every;
  plan.kinds = *std::move(kinds);
  plan.targets = TargetsOf(flags);
  plan.most = flags.times.value_or(plan.most);
  mode.scenario = [plan](const Scenario::Stage& stage) { return std::make_unique<Disturber>(stage, FaultPlan(plan)); };
  return mode;
}

}  // namespace pumasi
