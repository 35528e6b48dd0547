// A model folder, ready to compute with in this process.
#ifndef PUMASI_TOOLS_CLI_TRAINED_MODEL_H_
#define PUMASI_TOOLS_CLI_TRAINED_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/checkpoint/model_folder.h"
#include "ops/optimizer_row_values.h"
#include "worker/input/text_encoder.h"
#include "worker/job/part_builder.h"
#include "worker/model/model.h"
#include "worker/model/part.h"

namespace pumasi {

// Not thread-safe.
class TrainedModel {
 public:
  // Needs nothing but the folder.
  static absl::StatusOr<std::unique_ptr<TrainedModel>> Open(const std::string& folder);

  const v1::Manifest& manifest() const { return folder_->manifest(); }
  const std::string& folder() const { return folder_->folder(); }
  v1::Loss loss() const;
  // Class names by number; numbers where the classes have no names. Empty with loss: mse, which has none.
  const std::vector<std::string>& labels() const { return labels_; }
  // nullptr for models of synthetic data.
  const TextEncoder* encoder() const { return encoder_.get(); }

  // Takes rows for Evaluate or Predict.
  PartBuilder NewPart() const { return PartBuilder(RowShape::Of(manifest().job())); }
  absl::Status Evaluate(const Part& part, PartOutcome* outcome);
  // results[rows × outputs]: the classes' probabilities, or numbers with loss: mse.
  absl::Status Predict(const Part& part, std::vector<float>* results);

 private:
  TrainedModel() = default;
  Parameters ParametersFor(const Part& part);
  // values[ids × columns] as they are after training.
  void RowsOf(const std::vector<uint64_t>& ids, std::vector<float>* values) const;
  // Folds those of the part's rows that have not been seen yet. False where that can't be, or would take more than
  // kFoldedBytes.
  bool FoldRows(const Part& part, Parameters* parameters);

  // Folded rows are kept up to so many bytes.
  static constexpr size_t kFoldedBytes = size_t{1} << 30;

  std::unique_ptr<ModelFolder> folder_;
  std::unique_ptr<OptimizerRowValues> values_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<TextEncoder> encoder_;
  std::vector<std::string> labels_;
  std::vector<std::vector<float>> dense_;  // by table
  uint32_t row_table_ = 0;
  std::unordered_map<uint64_t, ModelFolder::Row> stored_;  // rows of the row table, by id
  std::vector<float> rows_;                                // of the part in work
  std::vector<float> folded_;                              // rows folded so far (Model::Fold)
  std::unordered_map<uint64_t, uint32_t> folded_place_;    // by id: which of folded_
  std::vector<uint32_t> folded_tokens_;                    // of the part in work
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_TRAINED_MODEL_H_
