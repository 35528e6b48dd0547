#include "worker/model/model.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/model_plan.h"

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

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> Model::Create(const v1::Job& job, const std::vector<v1::TableSpec>& tables,
                                                     std::optional<int> cuda_device) {
  const absl::Status checked = CheckTables(job, tables);
  if (!checked.ok()) return checked;
  const absl::StatusOr<std::vector<LayerPlan>> plans = PlanLayers(job, DataBehind(tables));
  if (!plans.ok()) return plans.status();

  std::unique_ptr<Model> model(new Model);
  model->tables_ = tables;
  model->loss_kind_ = LossOf(job);
  model->outputs_ = static_cast<int>(plans->back().out.width);
  if (cuda_device) {
    auto layers = MakeDeviceLayers(job, *plans, *cuda_device);
    if (!layers.ok()) return layers.status();
    model->layers_ = *std::move(layers);
  } else {
    model->layers_ = MakeHostLayers(job, *plans);
  }
  model->loss_ = MakeLoss(job, model->outputs());
  return model;
}

absl::Status Model::CheckParameters(const Part& part, const Parameters& parameters, bool training) const {
  if (parameters.dense.size() != tables_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("parameters are given for ", parameters.dense.size(), " of ", tables_.size(), " tables"));
  }
  const Parameters::Folded& folded = parameters.folded;
  if (folded.rows != nullptr) {
    if (training || folded_width() == 0) {
      return absl::InvalidArgumentError("folded rows are of use in inference alone, and only with an lstm to fold");
    }
    for (size_t i = 0; i < part.tokens.size(); ++i) {
      if (folded.tokens == nullptr || folded.tokens[i] >= folded.count) {
        return absl::InvalidArgumentError(
            absl::StrCat("token ", i, " names none of the ", folded.count, " folded rows"));
      }
    }
  }
  for (size_t i = 0; i < tables_.size(); ++i) {
    const bool rows = tables_[i].kind() == v1::TableSpec::ROWS;
    const bool given = rows ? parameters.rows != nullptr || folded.rows != nullptr || part.ids.empty()
                            : parameters.dense[i] != nullptr;
    if (!given) return absl::InvalidArgumentError(absl::StrCat("no values are given for table ", tables_[i].name()));
  }
  return absl::OkStatus();
}

absl::StatusOr<float*> Model::Forward(const Part& part, const Parameters& parameters, const Training* training) {
  trained_ = training != nullptr;
  if (parameters.folded.rows != nullptr && training == nullptr) return layers_->ForwardFolded(part, parameters);
  return layers_->Forward(part, parameters, training);
}

absl::Status Model::Judge(const Part& part, float scale, bool training, float* values, PartOutcome* outcome) {
  const Loss::Verdict verdict = loss_->Judge(part, scale, training, values, outcome);
  gradient_ = verdict.gradient;
  if (verdict.first_not_finite < 0) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("the loss is ", outcome->loss, ", first in row ", verdict.first_not_finite,
                                            " of ", part.rows(), " of the part; a smaller learning rate may help"));
}

absl::Status Model::Backward(const Part& part, const Parameters& parameters, PartGradients* gradients) {
  gradients->dense.resize(tables_.size());
  table_gradients_.resize(tables_.size());
  for (size_t i = 0; i < tables_.size(); ++i) {
    const bool dense = tables_[i].kind() == v1::TableSpec::DENSE;
    gradients->dense[i].resize(dense ? tables_[i].rows() * tables_[i].columns() : 0);
    table_gradients_[i] = gradients->dense[i].data();
  }
  gradients->rows.resize(part.ids.size() * tables_[0].columns());
  table_gradients_[0] = gradients->rows.data();
  return layers_->Backward(part, parameters, gradient_, table_gradients_);
}

absl::Status Model::Train(const Part& part, const Parameters& parameters, uint64_t batch_rows, PartGradients* gradients,
                          PartOutcome* outcome, const DropoutKey& dropout) {
  for (const absl::Status& status :
       {CheckPart(part, outputs(), true, loss_kind_), CheckParameters(part, parameters, true)}) {
    if (!status.ok()) return status;
  }
  if (batch_rows == 0) return absl::InvalidArgumentError("a batch of 0 rows has no mean loss");
  const Training training = {dropout, static_cast<double>(part.rows()) / static_cast<double>(batch_rows),
                             parameters.same_dense && trained_};
  const absl::StatusOr<float*> values = Forward(part, parameters, &training);
  if (!values.ok()) return values.status();
  const absl::Status judged =
      Judge(part, static_cast<float>(1 / static_cast<double>(batch_rows)), true, *values, outcome);
  if (!judged.ok()) return judged;
  return Backward(part, parameters, gradients);
}

absl::Status Model::Evaluate(const Part& part, const Parameters& parameters, PartOutcome* outcome) {
  for (const absl::Status& status :
       {CheckPart(part, outputs(), true, loss_kind_), CheckParameters(part, parameters, false)}) {
    if (!status.ok()) return status;
  }
  const absl::StatusOr<float*> values = Forward(part, parameters, nullptr);
  if (!values.ok()) return values.status();
  return Judge(part, 1, false, *values, outcome);
}

absl::Status Model::Predict(const Part& part, const Parameters& parameters, std::vector<float>* results) {
  for (const absl::Status& status : {CheckPart(part, outputs(), false), CheckParameters(part, parameters, false)}) {
    if (!status.ok()) return status;
  }
  const absl::StatusOr<float*> values = Forward(part, parameters, nullptr);
  if (!values.ok()) return values.status();
  loss_->Predict(static_cast<int>(part.rows()), *values);
  results->assign(*values, *values + part.rows() * outputs());
  return absl::OkStatus();
}

}  // namespace pumasi
