#include "tools/cli/trained_model.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/model_plan.h"
#include "worker/input/encode_file.h"
#include "worker/input/label_set.h"

namespace pumasi {

absl::StatusOr<std::unique_ptr<TrainedModel>> TrainedModel::Open(const std::string& folder) {
  std::unique_ptr<TrainedModel> trained(new TrainedModel);
  auto opened = ModelFolder::Open(RealFiles(), folder);
  if (!opened.ok()) return opened.status();
  trained->folder_ = *std::move(opened);
  const v1::Manifest& manifest = trained->manifest();
  const std::vector<v1::TableSpec> tables(manifest.tables().begin(), manifest.tables().end());
  auto values = OptimizerRowValues::Of(manifest);
  if (!values.ok()) return values.status();
  trained->values_ = *std::move(values);
  auto model = Model::Create(manifest.job(), tables);
  if (!model.ok()) return model.status();
  trained->model_ = *std::move(model);
  if (static_cast<int>(manifest.data().classes()) != trained->model_->outputs()) {
    return absl::DataLossError(absl::StrCat(folder, ": its model has ", trained->model_->outputs(),
                                            " outputs, its data ", manifest.data().classes()));
  }
  for (uint32_t table = 0; table < tables.size(); ++table) {
    trained->dense_.emplace_back();
    if (tables[table].kind() == v1::TableSpec::ROWS) {
      trained->row_table_ = table;
      auto rows = trained->folder_->AllRows(table);
      if (!rows.ok()) return rows.status();
      for (const ModelFolder::Row& row : *rows) trained->stored_[row.id] = row;
    } else {
      auto dense = trained->folder_->DenseValues(table);
      if (!dense.ok()) return dense.status();
      trained->dense_.back() = *std::move(dense);
    }
  }
  if (manifest.job().has_tokenizer()) {
    auto encoder = TextEncoder::Open(manifest.job().tokenizer(), folder);
    if (!encoder.ok()) return encoder.status();
    trained->encoder_ = *std::move(encoder);
  }
  if (trained->loss() == v1::LOSS_MSE) return trained;
  if (manifest.job().has_tokenizer()) {
    auto labels = OpenLabels(folder);
    if (!labels.ok()) return labels.status();
    trained->labels_ = labels->names();
  }
  for (uint32_t label = static_cast<uint32_t>(trained->labels_.size()); label < manifest.data().classes(); ++label) {
    trained->labels_.push_back(absl::StrCat(label));
  }
  return trained;
}

v1::Loss TrainedModel::loss() const { return LossOf(manifest().job()); }

void TrainedModel::RowsOf(const std::vector<uint64_t>& ids, std::vector<float>* values) const {
  const v1::TableSpec& table = manifest().tables(static_cast<int>(row_table_));
  const size_t width = table.columns();
  values->resize(ids.size() * width);
  std::vector<float> state(folder_->RowFloats(row_table_));
  for (size_t i = 0; i < ids.size(); ++i) {
    float* const value = values->data() + i * width;
    const auto stored = stored_.find(ids[i]);
    if (stored == stored_.end()) {
      values_->Initial(table, ids[i], value);
      continue;
    }
    std::memcpy(state.data(), stored->second.state, state.size() * sizeof(float));
    values_->Current(table, stored->second.last_step, manifest().progress().version(), state.data(), value);
  }
}

bool TrainedModel::FoldRows(const Part& part, Parameters* parameters) {
  const size_t width = model_->folded_width();
  // A part with an id that the model has no row for is refused by the model.
  const uint64_t known = manifest().tables(static_cast<int>(row_table_)).rows();
  if (width == 0 || part.ids.empty() || part.ids.back() >= known) return false;
  const size_t most = kFoldedBytes / (width * sizeof(float));
  std::vector<uint64_t> fresh;
  for (const uint64_t id : part.ids) {
    if (!folded_place_.count(id)) fresh.push_back(id);
  }
  if (folded_place_.size() + fresh.size() > most) {
    if (part.ids.size() > most) return false;
    folded_place_.clear();
    folded_.clear();
    fresh = part.ids;
  }
  const size_t before = folded_.size() / width;
  folded_.resize((before + fresh.size()) * width);
  RowsOf(fresh, &rows_);
  model_->Fold(*parameters, fresh.size(), rows_.data(), folded_.data() + before * width);
  for (size_t i = 0; i < fresh.size(); ++i) folded_place_[fresh[i]] = static_cast<uint32_t>(before + i);
  std::vector<uint32_t> places;
  for (const uint64_t id : part.ids) places.push_back(folded_place_[id]);
  folded_tokens_.clear();
  for (const uint32_t token : part.tokens) {
    if (token >= places.size()) return false;
    folded_tokens_.push_back(places[token]);
  }
  parameters->folded = {folded_.data(), before + fresh.size(), folded_tokens_.data()};
  return true;
}

Parameters TrainedModel::ParametersFor(const Part& part) {
  Parameters parameters;
  for (const auto& dense : dense_) parameters.dense.push_back(dense.empty() ? nullptr : dense.data());
  if (FoldRows(part, &parameters)) return parameters;
  RowsOf(part.ids, &rows_);
  parameters.rows = rows_.data();
  return parameters;
}

absl::Status TrainedModel::Evaluate(const Part& part, PartOutcome* outcome) {
  return model_->Evaluate(part, ParametersFor(part), outcome);
}

absl::Status TrainedModel::Predict(const Part& part, std::vector<float>* results) {
  return model_->Predict(part, ParametersFor(part), results);
}

}  // namespace pumasi
