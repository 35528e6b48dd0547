#include "common/model_plan.h"

#include "absl/strings/str_cat.h"
#include "common/model_plan_chain.h"

namespace pumasi {
namespace {

absl::Status Refuse(absl::string_view why) { return absl::InvalidArgumentError(absl::StrCat("model: ", why)); }

absl::Status CheckLastLayer(const v1::Job& job, const std::string& name) {
  const int last = job.model_size() - 1;
  const bool dense = job.model(last).has_dense();
  const v1::Activation activation = job.model(last).dense().activation();
  const char* why = nullptr;
  switch (LossOf(job)) {
    case v1::LOSS_BINARY_CROSS_ENTROPY:
      if (dense && activation == v1::ACTIVATION_SIGMOID) return absl::OkStatus();
      why = "the last layer has to be dense with activation: sigmoid, for loss: binary_cross_entropy";
      break;
    case v1::LOSS_MSE:
      if (dense && activation != v1::ACTIVATION_SOFTMAX) return absl::OkStatus();
      why = "the last layer has to be dense with any activation but softmax, for loss: mse";
      break;
    default:
      if (dense && activation == v1::ACTIVATION_SOFTMAX) return absl::OkStatus();
      why = "the last layer has to be dense with activation: softmax, for loss: cross_entropy";
  }
  return Refuse(RefuseAt(last, name, why).message());
}

absl::Status CheckLossSettings(const v1::Job& job) {
  const v1::Loss loss = LossOf(job);
  if (!job.class_weights().empty() && loss != v1::LOSS_CROSS_ENTROPY) {
    return absl::InvalidArgumentError(
        "class_weights: only loss: cross_entropy has one class a row whose weight could count");
  }
  if (job.label_smoothing() != 0 && loss == v1::LOSS_MSE) {
    return absl::InvalidArgumentError("label_smoothing: loss: mse has numbers, and no labels to smooth");
  }
  return absl::OkStatus();
}

// For optimizer.count: every table holds sums.
void CountFromZero(std::vector<LayerPlan>* plans) {
  for (LayerPlan& plan : *plans) {
    for (v1::TableSpec& table : plan.tables) {
      table.mutable_initializer()->set_kind(v1::Initializer::ZEROS);
      table.mutable_initializer()->clear_limit();
      table.set_update(v1::TableSpec::OPTIMIZER);
      table.clear_momentum();
    }
  }
}

// All layers; with `data` of no classes what does not depend on it.
absl::StatusOr<std::vector<LayerPlan>> Plan(const v1::Job& job, const v1::DataSummary& data) {
  if (job.model().empty()) return Refuse("there are no layers; the first one is an embedding");
  if (!job.model(0).has_embedding()) {
    const std::string name = LayerKind(job.model(0));
    return Refuse(RefuseAt(0, name, "the first layer has to be an embedding, which turns ids into vectors").message());
  }
  const LayerSurroundings around = {.seed = job.seed(),
                                    .vocabulary = data.vocabulary(),
                                    .classes = data.classes(),
                                    .loss = LossOf(job),
                                    .last = true};
  std::vector<LayerPlan> plans;
  if (const absl::Status status = PlanChain(job.model(), "", {}, around, &plans); !status.ok()) {
    return Refuse(status.message());
  }
  for (const absl::Status& status : {CheckLastLayer(job, plans.back().name), CheckLossSettings(job)}) {
    if (!status.ok()) return status;
  }
  NumberLayers(&plans);
  if (job.optimizer().has_count()) CountFromZero(&plans);
  return plans;
}

}  // namespace

std::vector<std::string> LayerNames(const v1::Job& job) { return NamesOf(job.model()); }

v1::Loss LossOf(const v1::Job& job) { return job.loss() == v1::LOSS_UNSPECIFIED ? v1::LOSS_CROSS_ENTROPY : job.loss(); }

absl::Status CheckModel(const v1::Job& job) { return Plan(job, v1::DataSummary()).status(); }

absl::StatusOr<std::vector<LayerPlan>> PlanLayers(const v1::Job& job, const v1::DataSummary& data) {
  if (const absl::Status checked = CheckModel(job); !checked.ok()) return checked;
  if (data.vocabulary() == 0) return Refuse("the data has no ids (its vocabulary is empty)");
  if (LossOf(job) == v1::LOSS_CROSS_ENTROPY && data.classes() < 2) {
    return Refuse(absl::StrCat("the data has ", data.classes(), " classes; a classifier needs 2 at least"));
  }
  if (data.classes() < 1) {
    return Refuse(LossOf(job) == v1::LOSS_MSE ? "the data has no numbers to come near to" : "the data has no labels");
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
