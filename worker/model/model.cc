#include "worker/model/model.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/model_plan.h"
#include "ops/softmax_cross_entropy.h"

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

Activation ActivationOf(const v1::Dense& dense) {
  switch (dense.activation()) {
    case v1::ACTIVATION_RELU:
      return Activation::kRelu;
    case v1::ACTIVATION_TANH:
      return Activation::kTanh;
    case v1::ACTIVATION_SIGMOID:
      return Activation::kSigmoid;
    default:
      // The last layer's softmax is part of the loss.
      return Activation::kLinear;
  }
}

IndexedSequences SequencesOf(const Part& part, const float* vectors, int width) {
  static constexpr uint32_t kNoRows = 0;
  return {.rows = static_cast<int>(part.rows()),
          .offsets = part.offsets.empty() ? &kNoRows : part.offsets.data(),
          .tokens = part.tokens.data(),
          .distinct = static_cast<int>(part.ids.size()),
          .width = width,
          .vectors = vectors};
}

}  // namespace

absl::StatusOr<std::unique_ptr<Model>> Model::Create(const v1::Job& job, const std::vector<v1::TableSpec>& tables) {
  const absl::Status checked = CheckTables(job, tables);
  if (!checked.ok()) return checked;
  if (!job.model(1).has_lstm()) return absl::UnimplementedError("model: the second layer has to be an lstm");

  std::unique_ptr<Model> model(
      new Model(static_cast<int>(job.model(0).embedding().width()), static_cast<int>(job.model(1).lstm().units())));
  model->tables_ = tables;
  model->rows_table_ = 0;
  model->lstm_table_ = 1;
  int table = 4;
  for (int i = 2; i < job.model_size(); ++i) {
    DenseLayer layer;
    layer.shape.inputs = static_cast<int>(tables[table].rows());
    layer.shape.units = static_cast<int>(tables[table].columns());
    layer.activation = ActivationOf(job.model(i).dense());
    layer.table = table;
    model->layers_.push_back(std::move(layer));
    table += 2;
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

void Model::Forward(const Part& part, const Parameters& parameters, bool keep) {
  const LstmWeights weights = {parameters.dense[lstm_table_], parameters.dense[lstm_table_ + 1],
                               parameters.dense[lstm_table_ + 2]};
  const IndexedSequences input = SequencesOf(part, parameters.rows, width_);
  float* const state = state_.Reserve(part.rows() * units_);
  if (keep) {
    lstm_.Forward(input, weights, state);
  } else {
    lstm_.Infer(input, weights, state);
  }
  const float* x = state;
  for (DenseLayer& layer : layers_) {
    layer.shape.rows = static_cast<int>(part.rows());
    float* const y = layer.output.Reserve(part.rows() * layer.shape.units);
    DenseForward(layer.shape, layer.activation, x, parameters.dense[layer.table], parameters.dense[layer.table + 1], y);
    x = y;
  }
}

absl::Status Model::Judge(const Part& part, float scale, PartOutcome* outcome) {
  outcome->predicted.resize(part.rows());
  const ClassificationLoss loss = SoftmaxCrossEntropy(static_cast<int>(part.rows()), classes(), part.labels.data(),
                                                      scale, layers_.back().output.get(), outcome->predicted.data());
  outcome->loss = loss.loss;
  outcome->correct = loss.correct;
  if (loss.first_not_finite < 0) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat("the loss is ", loss.loss, ", first in row ", loss.first_not_finite, " of ",
                                            part.rows(), " of the part; a smaller learning rate may help"));
}

void Model::Backward(const Part& part, const Parameters& parameters, PartGradients* gradients) {
  gradients->dense.resize(tables_.size());
  for (size_t i = 0; i < tables_.size(); ++i) {
    const bool dense = tables_[i].kind() == v1::TableSpec::DENSE;
    gradients->dense[i].resize(dense ? tables_[i].rows() * tables_[i].columns() : 0);
  }
  gradients->rows.resize(part.ids.size() * width_);

  float* const state_gradient = state_gradient_.Reserve(part.rows() * units_);
  for (size_t i = layers_.size(); i-- > 0;) {
    DenseLayer& layer = layers_[i];
    const float* const x = i == 0 ? state_.get() : layers_[i - 1].output.get();
    // The loss has turned the logits into their gradient.
    float* const gradient = i + 1 == layers_.size() ? layer.output.get() : layer.gradient.get();
    float* const x_gradient =
        i == 0 ? state_gradient : layers_[i - 1].gradient.Reserve(part.rows() * layer.shape.inputs);
    DenseBackward(layer.shape, layer.activation, x, parameters.dense[layer.table], layer.output.get(), gradient,
                  gradients->dense[layer.table].data(), gradients->dense[layer.table + 1].data(), x_gradient);
  }
  const LstmWeights weights = {parameters.dense[lstm_table_], parameters.dense[lstm_table_ + 1],
                               parameters.dense[lstm_table_ + 2]};
  lstm_.Backward(SequencesOf(part, parameters.rows, width_), weights, state_gradient,
                 {gradients->dense[lstm_table_].data(), gradients->dense[lstm_table_ + 1].data(),
                  gradients->dense[lstm_table_ + 2].data(), gradients->rows.data()});
}

absl::Status Model::Train(const Part& part, const Parameters& parameters, uint64_t batch_rows, PartGradients* gradients,
                          PartOutcome* outcome) {
  for (const absl::Status& status : {CheckPart(part, classes(), true), CheckParameters(part, parameters)}) {
    if (!status.ok()) return status;
  }
  if (batch_rows == 0) return absl::InvalidArgumentError("a batch of 0 rows has no mean loss");
  Forward(part, parameters, true);
  const absl::Status judged = Judge(part, static_cast<float>(1 / static_cast<double>(batch_rows)), outcome);
  if (!judged.ok()) return judged;
  Backward(part, parameters, gradients);
  return absl::OkStatus();
}

absl::Status Model::Evaluate(const Part& part, const Parameters& parameters, PartOutcome* outcome) {
  for (const absl::Status& status : {CheckPart(part, classes(), true), CheckParameters(part, parameters)}) {
    if (!status.ok()) return status;
  }
  Forward(part, parameters, false);
  return Judge(part, 1, outcome);
}

absl::Status Model::Predict(const Part& part, const Parameters& parameters, std::vector<float>* probabilities) {
  for (const absl::Status& status : {CheckPart(part, classes(), false), CheckParameters(part, parameters)}) {
    if (!status.ok()) return status;
  }
  Forward(part, parameters, false);
  const size_t count = part.rows() * classes();
  Softmax(static_cast<int>(part.rows()), classes(), layers_.back().output.get());
  probabilities->assign(layers_.back().output.get(), layers_.back().output.get() + count);
  return absl::OkStatus();
}

}  // namespace pumasi
