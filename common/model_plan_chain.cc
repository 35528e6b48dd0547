#include "common/model_plan_chain.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/model_plan_shape.h"

namespace pumasi {
namespace {

constexpr int kMostDepth = 8;

// "branch 0 (conv1d) gives a sequence (rows x (tokens - 1) x 4), branch 1 (no layers) …".
std::string DescribeBranches(const LayerPlan& plan) {
  std::string text;
  for (size_t i = 0; i < plan.branches.size(); ++i) {
    const std::vector<LayerPlan>& branch = plan.branches[i];
    absl::StrAppend(&text, i == 0 ? "" : ", ", "branch ", i, " (", branch.empty() ? "no layers" : branch.back().name,
                    ") gives ", DescribeShape(branch.empty() ? plan.in : branch.back().out));
  }
  return text;
}

absl::Status JoinBranches(LayerPlan* plan) {
  uint64_t width = 0;
  for (size_t i = 0; i < plan->branches.size(); ++i) {
    const std::vector<LayerPlan>& branch = plan->branches[i];
    const LayerShape& out = branch.empty() ? plan->in : branch.back().out;
    if (i == 0) plan->out = out;
    if (out.sequence != plan->out.sequence || out.lost != plan->out.lost) {
      return RefuseLayer(absl::StrCat(DescribeBranches(*plan),
                                      "; all have to be sequences of the same steps, or all one vector a row"));
    }
    width += out.width;
    for (const LayerPlan& layer : branch) {
      plan->tables.insert(plan->tables.end(), layer.tables.begin(), layer.tables.end());
    }
  }
  plan->out.width = static_cast<uint32_t>(width);
  return CheckWidth(width);
}

void NumberBranches(std::vector<LayerPlan>* plans, uint32_t* next) {
  for (LayerPlan& plan : *plans) {
    for (std::vector<LayerPlan>& branch : plan.branches) {
      for (LayerPlan& layer : branch) layer.number = (*next)++;
      NumberBranches(&branch, next);
    }
  }
}

}  // namespace

std::vector<std::string> NamesOf(const LayerList& layers) {
  std::vector<std::string> names;
  std::map<std::string, int> seen;
  for (const v1::Layer& layer : layers) {
    const std::string kind = LayerKind(layer);
    const int before = seen[kind]++;
    names.push_back(before == 0 ? kind : absl::StrCat(kind, "_", before));
  }
  return names;
}

absl::Status RefuseAt(int layer, const std::string& name, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("layer ", layer + 1, " (", name, "): ", why));
}

absl::Status PlanChain(const LayerList& layers, const std::string& prefix, const LayerShape& in,
                       const LayerSurroundings& around, std::vector<LayerPlan>* plans) {
  const std::vector<std::string> names = NamesOf(layers);
  LayerSurroundings here = around;
  for (int i = 0; i < layers.size(); ++i) {
    LayerPlan plan;
    plan.name = prefix + names[i];
    plan.in = i == 0 ? in : plans->back().out;
    here.last = around.last && i == layers.size() - 1;
    if (const absl::Status status = PlanLayer(layers[i], here, &plan); !status.ok()) {
      return RefuseAt(i, plan.name, status.message());
    }
    here.name_before = plan.name;
    plans->push_back(std::move(plan));
  }
  return absl::OkStatus();
}

absl::Status PlanConcatenate(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  LayerSurroundings inside = around;
  inside.last = false;
  if (++inside.depth > kMostDepth) {
    return RefuseLayer(
        absl::StrCat("it is the ", inside.depth, "th concatenate inside one another; ", kMostDepth, " are the most"));
  }
  const auto& branches = layer.concatenate().branches();
  if (branches.empty()) return RefuseLayer("branches are missing: the chains of layers whose outputs it puts together");
  for (int i = 0; i < branches.size(); ++i) {
    const absl::Status status = PlanChain(branches[i].layers(), absl::StrCat(plan->name, "/", i, "/"), plan->in, inside,
                                          &plan->branches.emplace_back());
    if (!status.ok()) return status;
  }
  return JoinBranches(plan);
}

void NumberLayers(std::vector<LayerPlan>* plans) {
  uint32_t next = 0;
  for (LayerPlan& plan : *plans) plan.number = next++;
  NumberBranches(plans, &next);
}

}  // namespace pumasi
