#include "scheduler/job_profile.h"

#include <algorithm>
#include <vector>

#include "common/waits.h"
#include "scheduler/bottleneck.h"

namespace pumasi {
namespace {

// Incarnations whose names are known; processes come and go.
constexpr size_t kMostIncarnations = 4096;

}  // namespace

void JobProfile::Add(const v1::Node& node, const v1::TimeUse& report, absl::Duration now) {
  trace_.Add(node, report, now);
  const std::pair key(node.role(), node.name());
  if (!nodes_.count(key) && nodes_.size() >= kMostNodes) return;
  Sums& sums = nodes_[key];
  if (names_.size() < kMostIncarnations) names_.try_emplace(node.incarnation(), node.name());
  for (const v1::StageTimes& stage : report.stages()) sums.stages.Add(stage);
  sums.seconds += SaneSeconds(report.seconds());
  sums.busy += SaneSeconds(report.busy());
  if (report.has_waits()) AddWaits(report.waits(), &sums.waits);
  for (const v1::WaitedFor& waited : report.waited_for()) {
    const bool known = sums.waited_for.count(waited.worker()) > 0;
    if (known || sums.waited_for.size() < kMostNodes) sums.waited_for[waited.worker()] += SaneSeconds(waited.seconds());
  }
}

void JobProfile::FillNode(const Sums& sums, v1::TimeUse* time) const {
  sums.stages.Fill(time->mutable_stages());
  time->set_seconds(sums.seconds);
  time->set_busy(sums.busy);
  *time->mutable_waits() = sums.waits;
  std::map<std::string, double> by_name;
  for (const auto& [incarnation, seconds] : sums.waited_for) {
    if (const auto name = names_.find(incarnation); name != names_.end()) by_name[name->second] += seconds;
  }
  std::vector<std::pair<std::string, double>> longest(by_name.begin(), by_name.end());
  std::stable_sort(longest.begin(), longest.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [name, seconds] : longest) {
    v1::WaitedFor* waited = time->add_waited_for();
    waited->set_name(name);
    waited->set_seconds(seconds);
  }
}

void JobProfile::Fill(v1::JobStatus* status) const {
  for (const auto& [key, sums] : nodes_) {
    v1::NodeUse* node = status->add_nodes();
    node->set_role(key.first);
    node->set_node(key.second);
    FillNode(sums, node->mutable_time());
  }
  v1::Bottleneck bottleneck = FindBottleneck(status->nodes());
  if (bottleneck.kind() != v1::Bottleneck::KIND_UNSPECIFIED) *status->mutable_bottleneck() = std::move(bottleneck);
  for (v1::NodeUse& node : *status->mutable_nodes()) {
    auto* waited = node.mutable_time()->mutable_waited_for();
    if (waited->size() > kMostNamed) waited->DeleteSubrange(kMostNamed, waited->size() - kMostNamed);
  }
}

}  // namespace pumasi
