#include "worker/model/model.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/model_plan.h"
#include "ops/precision.h"
#include "worker/model/make_layer.h"

namespace pumasi {
namespace {

// The two facts about the data that the tables' shapes came from.
v1::DataSummary DataBehind(const std::vector<v1::TableSpec>& tables) {
  v1::DataSummary data;
  if (tables.empty()) return data;
  data.set_vocabulary(static_cast<uint32_t>(tables.front().rows()));
  data.set_classes(tables.back().columns());
  return data;
}

std::string Describe(const v1::TableSpec& table) {
  return absl::StrCat(table.name(), " (", table.rows(), " x ", table.columns(),
                      table.update() == v1::TableSpec::MOVING_AVERAGE ? ", a moving average)" : ")");
}

absl::Status CheckTables(const v1::Job& job, const std::vector<v1::TableSpec>& tables) {
  const absl::StatusOr<std::vector<v1::TableSpec>> planned = PlanTables(job, DataBehind(tables));
  if (!planned.ok()) return planned.status();
  if (planned->size() != tables.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the job has ", planned->size(), " tables, but ", tables.size(), " are given"));
  }
  for (size_t i = 0; i < tables.size(); ++i) {
    const v1::TableSpec &want = (*planned)[i], &have = tables[i];
    if (want.name() == have.name() && want.kind() == have.kind() && want.rows() == have.rows() &&
        want.columns() == have.columns() && want.update() == have.update()) {
      continue;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("table ", i, " of the job is ", Describe(want), ", but ", Describe(have), " is given"));
  }
  return absl::OkStatus();
}

Signal SignalOf(const Part& part, const float* vectors, int width) {
  static constexpr uint32_t kNoRows = 0;
  return {true,
          {.rows = static_cast<int>(part.rows()),
           .offsets = part.offsets.empty() ? &kNoRows : part.offsets.data(),
           .tokens = part.tokens.data(),
           .distinct = static_cast<int>(part.ids.size()),
           .width = width,
           .vectors = vectors}};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> Model::Create(const v1::Job& job, const std::vector<v1::TableSpec>& tables) {
  const absl::Status checked = CheckTables(job, tables);
  if (!checked.ok()) return checked;
  const absl::StatusOr<std::vector<LayerPlan>> plans = PlanLayers(job, DataBehind(tables));
  if (!plans.ok()) return plans.status();

  std::unique_ptr<Model> model(new Model);
  model->tables_ = tables;
  model->loss_kind_ = LossOf(job);
  const Precision precision = job.compute() == v1::COMPUTE_BF16 ? Precision::kBf16 : Precision::kFloat32;
  const int last = job.model_size() - 1;
  for (int i = 1; i < last; ++i) {
    const LayerPlan& plan = (*plans)[i];
    model->body_.Add(MakeLayer(job.model(i), plan, precision), plan.tables.size());
    model->body_tables_ += plan.tables.size();
  }
  const Activation activation =
      ActivationIsPartOf(model->loss_kind_) ? Activation::kLinear : ActivationOf(job.model(last).dense().activation());
  model->last_ = std::make_unique<DenseLayer>(static_cast<int>(plans->back().in.width),
                                              static_cast<int>(plans->back().out.width), activation, precision);
  model->loss_ = MakeLoss(job, model->outputs());
  return model;
}

absl::Status Model::CheckParameters(const Part& part, const Parameters& parameters) const {
  if (parameters.dense.size() != tables_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("parameters are given for ", parameters.dense.size(), " of ", tables_.size(), " tables"));
  }
  for (size_t i = 0; i < tables_.size(); ++i) {
    const bool given =
        tables_[i].kind() == v1::TableSpec::DENSE ? parameters.dense[i] != nullptr : parameters.rows != nullptr;
    if (!given && !(tables_[i].kind() == v1::TableSpec::ROWS && part.ids.empty())) {
      return absl::InvalidArgumentError(absl::StrCat("no values are given for table ", tables_[i].name()));
    }
  }
  return absl::OkStatus();
}

void Model::Forward(const Part& part, const Parameters& parameters, const Training* training) {
  embedded_ = SignalOf(part, parameters.rows, static_cast<int>(tables_[0].columns()));
  const float* const* const tables = parameters.dense.data() + 1;
  inner_ = body_.Forward(embedded_, tables, training);
  last_->Forward(inner_, tables + body_tables_, training);
}

absl::Status Model::Judge(const Part& part, float scale, bool training, PartOutcome* outcome) {
  const Loss::Verdict verdict = loss_->Judge(part, scale, training, last_->output(), outcome);
  gradient_ = verdict.gradient;
  if (verdict.first_not_finite < 0) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("the loss is ", outcome->loss, ", first in row ", verdict.first_not_finite,
                                            " of ", part.rows(), " of the part; a smaller learning rate may help"));
}

void Model::Backward(const Part& part, const Parameters& parameters, PartGradients* gradients) {
  gradients->dense.resize(tables_.size());
  table_gradients_.resize(tables_.size());
  for (size_t i = 0; i < tables_.size(); ++i) {
    const bool dense = tables_[i].kind() == v1::TableSpec::DENSE;
    gradients->dense[i].resize(dense ? tables_[i].rows() * tables_[i].columns() : 0);
    table_gradients_[i] = gradients->dense[i].data();
  }
  gradients->rows.resize(part.ids.size() * tables_[0].columns());

  const float* const* const tables = parameters.dense.data() + 1;
  float* const* const by_table = table_gradients_.data() + 1;
  float* const by_inner = inner_gradient_.Reserve(static_cast<size_t>(inner_.data.distinct) * inner_.data.width);
  last_->Backward(inner_, tables + body_tables_, gradient_, by_table + body_tables_, by_inner);
  body_.Backward(embedded_, tables, by_inner, by_table, gradients->rows.data());
}

absl::Status Model::Train(const Part& part, const Parameters& parameters, uint64_t batch_rows, PartGradients* gradients,
                          PartOutcome* outcome, const DropoutKey& dropout) {
  for (const absl::Status& status : {CheckPart(part, outputs(), true, loss_kind_), CheckParameters(part, parameters)}) {
    if (!status.ok()) return status;
  }
  if (batch_rows == 0) return absl::InvalidArgumentError("a batch of 0 rows has no mean loss");
  const Training training = {dropout, static_cast<double>(part.rows()) / static_cast<double>(batch_rows)};
  Forward(part, parameters, &training);
  const absl::Status judged = Judge(part, static_cast<float>(1 / static_cast<double>(batch_rows)), true, outcome);
  if (!judged.ok()) return judged;
  Backward(part, parameters, gradients);
  return absl::OkStatus();
}

absl::Status Model::Evaluate(const Part& part, const Parameters& parameters, PartOutcome* outcome) {
  for (const absl::Status& status : {CheckPart(part, outputs(), true, loss_kind_), CheckParameters(part, parameters)}) {
    if (!status.ok()) return status;
  }
  Forward(part, parameters, nullptr);
  return Judge(part, 1, false, outcome);
}

absl::Status Model::Predict(const Part& part, const Parameters& parameters, std::vector<float>* results) {
  for (const absl::Status& status : {CheckPart(part, outputs(), false), CheckParameters(part, parameters)}) {
    if (!status.ok()) return status;
  }
  Forward(part, parameters, nullptr);
  loss_->Predict(static_cast<int>(part.rows()), last_->output());
  results->assign(last_->output(), last_->output() + part.rows() * outputs());
  return absl::OkStatus();
}

}  // namespace pumasi
