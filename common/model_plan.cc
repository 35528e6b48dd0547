#include "common/model_plan.h"

#include <map>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

// "model: layer 3 (dense): …"
absl::Status Refuse(const std::vector<std::string>& names, int layer, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("model: layer ", layer + 1, " (", names[layer], "): ", why));
}

// All layers; with `data` of no classes what does not depend on it.
absl::StatusOr<std::vector<LayerPlan>> Plan(const v1::Job& job, const v1::DataSummary& data) {
  if (job.model().empty()) {
    return absl::InvalidArgumentError("model: there are no layers; the first one is an embedding");
  }
  const std::vector<std::string> names = LayerNames(job);
  if (!job.model(0).has_embedding()) {
    return Refuse(names, 0, "the first layer has to be an embedding, which turns ids into vectors");
  }
  const int last = job.model_size() - 1;
  std::vector<LayerPlan> plans;
  for (int i = 0; i <= last; ++i) {
    LayerPlan& plan = plans.emplace_back();
    plan.name = names[i];
    if (i > 0) plan.in = plans[i - 1].out;
    const LayerSurroundings around = {.seed = job.seed(),
                                      .vocabulary = data.vocabulary(),
                                      .classes = data.classes(),
                                      .last = i == last,
                                      .name_before = i == 0 ? "" : names[i - 1]};
    if (const absl::Status status = PlanLayer(job.model(i), around, &plan); !status.ok()) {
      return Refuse(names, i, status.message());
    }
  }
  if (!job.model(last).has_dense() || job.model(last).dense().activation() != v1::ACTIVATION_SOFTMAX) {
    return Refuse(names, last, "the last layer has to be dense with activation: softmax, for loss: cross_entropy");
  }
  return plans;
}

}  // namespace

std::vector<std::string> LayerNames(const v1::Job& job) {
  std::vector<std::string> names;
  std::map<std::string, int> seen;
  for (const v1::Layer& layer : job.model()) {
    const std::string kind = LayerKind(layer);
    const int before = seen[kind]++;
    names.push_back(before == 0 ? kind : absl::StrCat(kind, "_", before));
  }
  return names;
}

absl::Status CheckModel(const v1::Job& job) { return Plan(job, v1::DataSummary()).status(); }

absl::StatusOr<std::vector<LayerPlan>> PlanLayers(const v1::Job& job, const v1::DataSummary& data) {
  if (const absl::Status checked = CheckModel(job); !checked.ok()) return checked;
  if (data.vocabulary() == 0) return absl::InvalidArgumentError("model: the data has no ids (its vocabulary is empty)");
  if (data.classes() < 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("model: the data has ", data.classes(), " classes; a classifier needs 2 at least"));
  }
  return Plan(job, data);
}

absl::StatusOr<std::vector<v1::TableSpec>> PlanTables(const v1::Job& job, const v1::DataSummary& data) {
  const absl::StatusOr<std::vector<LayerPlan>> plans = PlanLayers(job, data);
  if (!plans.ok()) return plans.status();
  if (job.class_weights_size() != 0 && job.class_weights_size() != static_cast<int>(data.classes())) {
    return absl::InvalidArgumentError(absl::StrCat("class_weights: ", job.class_weights_size(),
                                                   " weights are given, the data has ", data.classes(), " classes"));
  }
  std::vector<v1::TableSpec> tables;
  for (const LayerPlan& plan : *plans) tables.insert(tables.end(), plan.tables.begin(), plan.tables.end());
  return tables;
}

}  // namespace pumasi
