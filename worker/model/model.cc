#include "worker/model/model.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/model_plan.h"
#include "ops/softmax_cross_entropy.h"
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
  return absl::StrCat(table.name(), " (", table.rows(), " x ", table.columns(), ")");
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
        want.columns() == have.columns()) {
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
  model->label_smoothing_ = static_cast<float>(job.label_smoothing());
  model->class_weights_ = {job.class_weights().begin(), job.class_weights().end()};
  const int last = job.model_size() - 1;
  size_t table = 1;
  for (int i = 1; i < last; ++i) {
    const LayerPlan& plan = (*plans)[i];
    model->links_.push_back({MakeLayer(job.model(i), plan, static_cast<uint32_t>(i)), table});
    table += plan.tables.size();
  }
  // Its softmax is part of the loss.
  auto dense = std::make_unique<DenseLayer>(static_cast<int>(plans->back().in.width),
                                            static_cast<int>(plans->back().out.width), Activation::kLinear);
  model->last_ = dense.get();
  model->links_.push_back({std::move(dense), table});
  if (!model->class_weights_.empty() && static_cast<int>(model->class_weights_.size()) != model->classes()) {
    return absl::InvalidArgumentError(absl::StrCat("class_weights: ", model->class_weights_.size(),
                                                   " weights are given, the model has ", model->classes(), " classes"));
  }
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

void Model::Forward(const Part& part, const Parameters& parameters, const DropoutKey* dropout) {
  signals_.assign(1, SignalOf(part, parameters.rows, static_cast<int>(tables_[0].columns())));
  for (const Link& link : links_) {
    signals_.push_back(link.layer->Forward(signals_.back(), parameters.dense.data() + link.first_table, dropout));
  }
}

absl::Status Model::Judge(const Part& part, float scale, bool training, PartOutcome* outcome) {
  outcome->predicted.resize(part.rows());
  const bool weighted = training && !class_weights_.empty();
  const ClassificationLoss loss =
      SoftmaxCrossEntropy(static_cast<int>(part.rows()), classes(), part.labels.data(), scale, last_->output(),
                          outcome->predicted.data(), {label_smoothing_, weighted ? class_weights_.data() : nullptr});
  outcome->loss = loss.loss;
  outcome->correct = loss.correct;
  if (loss.first_not_finite < 0) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("the loss is ", loss.loss, ", first in row ", loss.first_not_finite, " of ",
                                            part.rows(), " of the part; a smaller learning rate may help"));
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

  // The loss has turned the logits into their gradient.
  float* out_gradient = last_->output();
  for (size_t i = links_.size(); i-- > 0;) {
    const Signal& in = signals_[i];
    float* const in_gradient = i == 0
                                   ? gradients->rows.data()
                                   : gradients_[i % 2].Reserve(static_cast<size_t>(in.data.distinct) * in.data.width);
    links_[i].layer->Backward(in, parameters.dense.data() + links_[i].first_table, out_gradient,
                              table_gradients_.data() + links_[i].first_table, in_gradient);
    out_gradient = in_gradient;
  }
}

absl::Status Model::Train(const Part& part, const Parameters& parameters, uint64_t batch_rows, PartGradients* gradients,
                          PartOutcome* outcome, const DropoutKey& dropout) {
  for (const absl::Status& status : {CheckPart(part, classes(), true), CheckParameters(part, parameters)}) {
    if (!status.ok()) return status;
  }
  if (batch_rows == 0) return absl::InvalidArgumentError("a batch of 0 rows has no mean loss");
  Forward(part, parameters, &dropout);
  const absl::Status judged = Judge(part, static_cast<float>(1 / static_cast<double>(batch_rows)), true, outcome);
  if (!judged.ok()) return judged;
  Backward(part, parameters, gradients);
  return absl::OkStatus();
}

absl::Status Model::Evaluate(const Part& part, const Parameters& parameters, PartOutcome* outcome) {
  for (const absl::Status& status : {CheckPart(part, classes(), true), CheckParameters(part, parameters)}) {
    if (!status.ok()) return status;
  }
  Forward(part, parameters, nullptr);
  return Judge(part, 1, false, outcome);
}

absl::Status Model::Predict(const Part& part, const Parameters& parameters, std::vector<float>* probabilities) {
  for (const absl::Status& status : {CheckPart(part, classes(), false), CheckParameters(part, parameters)}) {
    if (!status.ok()) return status;
  }
  Forward(part, parameters, nullptr);
  const size_t count = part.rows() * classes();
  Softmax(static_cast<int>(part.rows()), classes(), last_->output());
  probabilities->assign(last_->output(), last_->output() + count);
  return absl::OkStatus();
}

}  // namespace pumasi
