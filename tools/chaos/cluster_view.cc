#include "tools/chaos/cluster_view.h"

#include <algorithm>

#include "tools/cli/job_report.h"

namespace pumasi {

void DeathLog::Saw(const ClusterView& view) {
  for (const v1::NodeStatus& node : view.nodes) {
    const Last now{node.node().incarnation(), node.alive()};
    const auto [last, fresh] = last_.try_emplace(node.node().name(), now);
    // Either it is known to be dead, or another process has its name: the one before is no more.
    const bool gone = !now.alive || now.incarnation != last->second.incarnation;
    if (!fresh && last->second.alive && gone && node.note() != "left") {
      deaths_.push_back({node.node().name(), view.answered});
    }
    last->second = now;
  }
}

void ReturnTimer::Begin(double at) {
  runs_ = true;
  began_ = at;
  leases_.reset();
}

std::optional<double> ReturnTimer::Saw(const ClusterView& view) {
  if (!runs_ || view.asked < began_) return std::nullopt;
  if (!leases_.has_value()) leases_ = view.leases;
  const bool needs_none = Ended(view.job.state()) || view.job.state() == v1::SAVING;
  if (view.leases <= *leases_ && !needs_none) return std::nullopt;
  runs_ = false;
  return view.answered - began_;
}

void StableTimer::Begin(double at) {
  runs_ = true;
  began_ = at;
  least_.reset();
}

std::optional<double> StableTimer::Saw(const ClusterView& view) {
  if (!runs_ || view.asked < began_) return std::nullopt;
  const uint64_t version = view.job.progress().version();
  least_ = std::min(least_.value_or(version), version);
  const auto alive = std::count_if(view.nodes.begin(), view.nodes.end(), [](const auto& node) { return node.alive(); });
  const bool trains = view.job.state() == v1::TRAINING || view.job.state() == v1::EVALUATING;
  const bool whole = static_cast<size_t>(alive) == nodes_ && trains && view.job.slots_without_backup() == 0;
  if (!(whole && version > *least_) && !Ended(view.job.state())) return std::nullopt;
  runs_ = false;
  return view.answered - began_;
}

}  // namespace pumasi
