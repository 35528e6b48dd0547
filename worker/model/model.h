// A job's layers, put together: what a worker computes for one part.
#ifndef PUMASI_WORKER_MODEL_MODEL_H_
#define PUMASI_WORKER_MODEL_MODEL_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ops/buffer.h"
#include "ops/dense.h"
#include "ops/lstm.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"
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

// An embedding, an LSTM and dense layers, the last one with softmax, under cross entropy. Owns working memory that is
// used again from part to part: not thread-safe, one Model a thread. Results depend on the arguments and the kernel set
// (ops/gemm.h) alone, not on the parts before. A row without tokens has a zero state behind the LSTM.
class Model {
 public:
  // `tables` are those of PlanTables (common/model_plan.h) for the job; refused if they are not.
  static absl::StatusOr<std::unique_ptr<Model>> Create(const v1::Job& job, const std::vector<v1::TableSpec>& tables);

  int classes() const { return layers_.back().shape.units; }

  // Forward and backward. Gradients are those of (sum of the part's losses) / batch_rows. A part that contradicts
  // itself is InvalidArgument; a loss that is NaN or infinite is OutOfRange and names the row.
  absl::Status Train(const Part& part, const Parameters& parameters, uint64_t batch_rows, PartGradients* gradients,
                     PartOutcome* outcome);

  // Forward, and what the labels make of it. Errors as above.
  absl::Status Evaluate(const Part& part, const Parameters& parameters, PartOutcome* outcome);

  // probabilities[rows × classes()]. The part needs no labels.
  absl::Status Predict(const Part& part, const Parameters& parameters, std::vector<float>* probabilities);

 private:
  struct DenseLayer {
    DenseShape shape;  // `rows` is the current part's.
    Activation activation = Activation::kLinear;
    int table = 0;  // The kernel's; the bias is the next one.
    Buffer<float> output;
    Buffer<float> gradient;  // By `output`.
  };

  Model(int width, int units) : width_(width), units_(units), lstm_(width, units) {}

  absl::Status CheckParameters(const Part& part, const Parameters& parameters) const;
  // Leaves logits in the last layer's output.
  void Forward(const Part& part, const Parameters& parameters, bool keep);
  void Backward(const Part& part, const Parameters& parameters, PartGradients* gradients);
  // Turns the logits into gradients of scale·(sum of losses).
  absl::Status Judge(const Part& part, float scale, PartOutcome* outcome);

  const int width_;
  const int units_;
  std::vector<v1::TableSpec> tables_;
  int rows_table_ = 0;
  int lstm_table_ = 0;
  Lstm lstm_;
  Buffer<float> state_;  // [rows × units]
  Buffer<float> state_gradient_;
  std::vector<DenseLayer> layers_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_MODEL_H_
