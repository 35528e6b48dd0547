#include "tools/plan/search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <tuple>

namespace pumasi {
namespace {

constexpr double kAsGood = 0.98, kNotable = 1.05;
constexpr uint32_t kMostMicroBatches = 4096;  // proto/job.proto

// `fixed`, or all powers of two up to `most` and those of `also` that are not above it.
std::vector<uint32_t> Counts(const std::optional<uint32_t>& fixed, double most, const std::vector<double>& also) {
  if (fixed) return {*fixed};
  std::vector<uint32_t> counts;
  for (double n = 1; n <= most; n *= 2) counts.push_back(static_cast<uint32_t>(n));
  for (const double n : also) {
    if (n >= 1 && n <= most) counts.push_back(static_cast<uint32_t>(n));
  }
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

// Distinct ids of so many rows, each worked out once.
DistinctOf Remembered(const DistinctIds& ids) {
  auto known = std::make_shared<std::map<double, double>>();
  return [&ids, known](double rows) {
    const auto [at, is_new] = known->try_emplace(rows, 0);
    if (is_new) at->second = ids.Expected(rows);
    return at->second;
  };
}

struct Limits {
  double workers = 0, servers = 0;  // that the cores allow
  double worker_machines = 0, server_machines = 0;
};

Limits LimitsOf(const PlanInput& input) {
  Limits limits;
  for (const MachineGroup& group : input.groups) {
    if (group.workers) {
      limits.worker_machines += group.count;
      limits.workers += group.count * std::max(1.0, std::floor(group.cores / input.worker_cores));
    }
    if (group.servers) {
      limits.server_machines += group.count;
      limits.servers += group.count * group.cores;
    }
  }
  return limits;
}

uint32_t Processes(const Prediction& prediction) {
  const Candidate& candidate = prediction.candidate;
  return candidate.workers + (InfoOf(candidate.mode).servers ? candidate.servers : 0);
}

// Of `all`, of one mode. `parts`: of the job.
const Prediction& Choose(const std::vector<Prediction>& all, uint32_t parts) {
  double fastest = 0;
  for (const Prediction& one : all) {
    if (one.problem.empty()) fastest = std::max(fastest, one.rows_per_s);
  }
  const auto order = [&](const Prediction& one) {
    const bool fits = one.problem.empty();
    const bool good = fits && one.rows_per_s >= kAsGood * fastest;
    const double need = fits ? 0 : one.memory.worker + one.memory.server;
    return std::tuple(!fits, !good, need, Processes(one), one.candidate.micro_batches != parts,
                      one.candidate.micro_batches, -one.rows_per_s);
  };
  return *std::min_element(all.begin(), all.end(),
                           [&](const Prediction& a, const Prediction& b) { return order(a) < order(b); });
}

std::vector<Prediction> OfMode(const PlanInput& input, const DistinctOf& distinct, const Fixed& fixed, PlanMode mode,
                               uint64_t* looked_at) {
  const Limits limits = LimitsOf(input);
  const double batch = input.shape.batch;
  std::vector<Prediction> all;
  std::vector<uint32_t> servers = {0};
  if (InfoOf(mode).servers) {
    servers = Counts(fixed.servers, std::max(1.0, std::min<double>(limits.servers, input.shape.slots)),
                     {limits.server_machines, static_cast<double>(input.shape.replicas)});
  }
  for (const uint32_t parts : Counts(fixed.micro_batches, std::min<double>(batch, kMostMicroBatches), {})) {
    if (input.shape.batch % parts != 0) continue;
    const double most = std::min<double>(std::max(1.0, limits.workers), parts);
    for (const uint32_t workers : Counts(fixed.workers, most, {limits.worker_machines})) {
      for (const uint32_t count : servers) {
        all.push_back(Predict(input, distinct, {mode, count, workers, parts}));
        if (const auto why = input.refused.find(mode); why != input.refused.end()) all.back().problem = why->second;
        ++*looked_at;
      }
    }
  }
  return all;
}

std::vector<Prediction> ByWorkers(const std::vector<Prediction>& all, uint32_t parts) {
  std::map<uint32_t, std::vector<Prediction>> groups;
  for (const Prediction& one : all) groups[one.candidate.workers].push_back(one);
  std::vector<Prediction> best;
  for (const auto& [workers, some] : groups) {
    best.push_back(Choose(some, parts));
    if (!best.back().problem.empty()) best.pop_back();
  }
  return best;
}

PlanInput Changed(const PlanInput& input, int what, std::string* name) {
  PlanInput changed = input;
  switch (what) {
    case 0:
      *name = "links twice as fast";
      for (MachineGroup& group : changed.groups) group.link *= 2;
      break;
    case 1:
      *name = "cores twice as fast";
      for (MachineGroup& group : changed.groups) group.speed *= 2;
      break;
    case 2:
      *name = "twice the cores in each machine";
      for (MachineGroup& group : changed.groups) group.cores *= 2;
      break;
    case 3:
      *name = "twice as many machines";
      for (MachineGroup& group : changed.groups) group.count *= 2;
      break;
    case 4:
      *name = "twice the memory";
      for (MachineGroup& group : changed.groups) group.memory *= 2;
      break;
    default:
      *name = "a batch twice as large (another result)";
      changed.shape.batch *= 2;
  }
  return changed;
}

}  // namespace

Plan FindPlan(const PlanInput& input, const Fixed& fixed) {
  const DistinctOf distinct = Remembered(*input.ids);
  Plan plan;
  std::vector<std::vector<Prediction>> of_mode;
  for (const ModeInfo& info : PlanModes()) {
    auto all = OfMode(input, distinct, fixed, info.mode, &plan.looked_at);
    if (!all.empty()) plan.modes.push_back(Choose(all, input.shape.micro_batches));
    of_mode.push_back(std::move(all));
  }
  double fastest = 0;
  for (size_t i = 0; i < plan.modes.size(); ++i) {
    const Prediction& one = plan.modes[i];
    const ModeInfo& info = InfoOf(one.candidate.mode);
    // Who says how many servers wants some.
    if (fixed.servers && !info.servers) continue;
    if (!one.problem.empty() || !info.same_bits || one.rows_per_s <= fastest) continue;
    fastest = one.rows_per_s;
    plan.best = static_cast<int>(i);
  }
  double faster = fastest / kAsGood;
  for (size_t i = 0; i < plan.modes.size(); ++i) {
    const Prediction& one = plan.modes[i];
    if (!one.problem.empty() || InfoOf(one.candidate.mode).same_bits || one.rows_per_s <= faster) continue;
    faster = one.rows_per_s;
    plan.other_bits = static_cast<int>(i);
  }
  if (plan.best < 0) return plan;
  const PlanMode mode = plan.modes[static_cast<size_t>(plan.best)].candidate.mode;
  plan.by_workers = ByWorkers(of_mode[static_cast<size_t>(mode)], input.shape.micro_batches);
  for (int what = 0; what < 6; ++what) {
    Change change;
    const PlanInput changed = Changed(input, what, &change.what);
    const auto all = OfMode(changed, distinct, fixed, mode, &plan.looked_at);
    if (all.empty()) continue;
    change.best = Choose(all, input.shape.micro_batches);
    change.faster = change.best.rows_per_s / fastest;
    if (change.best.problem.empty() && change.faster >= kNotable) plan.changes.push_back(std::move(change));
  }
  std::stable_sort(plan.changes.begin(), plan.changes.end(),
                   [](const Change& a, const Change& b) { return a.faster > b.faster; });
  return plan;
}

}  // namespace pumasi
