// A job's layers, put together: what a worker computes for one part.
#ifndef PUMASI_WORKER_MODEL_MODEL_H_
#define PUMASI_WORKER_MODEL_MODEL_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ops/buffer.h"
#include "ops/dropout.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"
#include "worker/model/dense_layer.h"
#include "worker/model/layer.h"
#include "worker/model/part.h"

namespace pumasi {

// Values to compute with; the caller's memory.
struct Parameters {
  // By table: the values of a DENSE table, rows × columns. nullptr for the ROWS table.
  std::vector<const float*> dense;
  // rows[part.ids.size() × columns]: the ROWS table's rows of the part's ids.
  const float* rows = nullptr;
};

// The shapes of Parameters; an empty vector for the ROWS table.
struct PartGradients {
  std::vector<std::vector<float>> dense;
  std::vector<float> rows;
};

struct PartOutcome {
  // Sum over the part's rows.
  double loss = 0;
  // Rows whose prediction is their label.
  uint64_t correct = 0;
  // predicted[rows]
  std::vector<int32_t> predicted;
};

// A job's layers as a chain, from an embedding to a dense layer with softmax, under cross entropy. Owns working memory
// that is used again from part to part: not thread-safe, one Model a thread. Results depend on the arguments and the
// kernel set (ops/gemm.h) alone, not on the parts before. A row without tokens is a zero vector behind the layer that
// ends the sequence.
class Model {
 public:
  // `tables` are those of PlanTables (common/model_plan.h) for the job; refused if they are not.
  static absl::StatusOr<std::unique_ptr<Model>> Create(const v1::Job& job, const std::vector<v1::TableSpec>& tables);

  int classes() const { return last_->units(); }

  // Forward and backward. The job's label smoothing and class weights count. Gradients are those of (sum of the part's
  // losses) / batch_rows. Dropout draws from `dropout`. A part that contradicts itself is InvalidArgument; a loss that
  // is NaN or infinite is OutOfRange and names the row.
  absl::Status Train(const Part& part, const Parameters& parameters, uint64_t batch_rows, PartGradients* gradients,
                     PartOutcome* outcome, const DropoutKey& dropout = {});

  // Forward without dropout, and what the labels make of it; labels are smoothed, but classes not weighted. Errors as
  // above.
  absl::Status Evaluate(const Part& part, const Parameters& parameters, PartOutcome* outcome);

  // probabilities[rows × classes()]. The part needs no labels.
  absl::Status Predict(const Part& part, const Parameters& parameters, std::vector<float>* probabilities);

 private:
  // A layer behind the embedding.
  struct Link {
    std::unique_ptr<Layer> layer;
    size_t first_table = 0;
  };

  Model() = default;

  absl::Status CheckParameters(const Part& part, const Parameters& parameters) const;
  // Leaves logits in the last layer's output. `dropout` is null for inference.
  void Forward(const Part& part, const Parameters& parameters, const DropoutKey* dropout);
  void Backward(const Part& part, const Parameters& parameters, PartGradients* gradients);
  // Turns the logits into gradients of scale·(sum of losses), in training with weighted classes.
  absl::Status Judge(const Part& part, float scale, bool training, PartOutcome* outcome);

  std::vector<v1::TableSpec> tables_;  // The first one is the embedding's.
  float label_smoothing_ = 0;
  std::vector<float> class_weights_;  // [classes]; empty: all 1
  std::vector<Link> links_;
  DenseLayer* last_ = nullptr;           // of links_
  std::vector<Signal> signals_;          // signals_[i] goes into links_[i].
  Buffer<float> gradients_[2];           // by what goes into a layer, in turns
  std::vector<float*> table_gradients_;  // by table
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_MODEL_H_
