// A job's layers, put together: what a worker computes for one part.
#ifndef PUMASI_WORKER_MODEL_MODEL_H_
#define PUMASI_WORKER_MODEL_MODEL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ops/dropout.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"
#include "worker/model/layers.h"
#include "worker/model/loss.h"
#include "worker/model/parameters.h"
#include "worker/model/part.h"
#include "worker/model/part_outcome.h"

namespace pumasi {

// The shapes of Parameters; an empty vector for the ROWS table. Of a table with update: MOVING_AVERAGE the part's
// statistic times (the part's rows / the batch's rows), so that the sum over a batch's parts is their mean.
struct PartGradients {
  std::vector<std::vector<float>> dense;
  std::vector<float> rows;
};

// A job's layers as a chain, from an embedding to a dense layer, under the job's loss. Owns working memory that is used
// again from part to part: not thread-safe, one Model a thread. Results depend on the arguments and the kernel set
// (ops/gemm.h, or the device's) alone, not on the parts before. A row without tokens is a zero vector behind the layer
// that ends the sequence.
class Model {
 public:
  // `tables` are those of PlanTables (common/model_plan.h) for the job; refused if they are not.
  // `cuda_device`: computes there instead of on the processor (MakeDeviceLayers' errors).
  static absl::StatusOr<std::unique_ptr<Model>> Create(const v1::Job& job, const std::vector<v1::TableSpec>& tables,
                                                       std::optional<int> cuda_device = std::nullopt);

  // Classes, or numbers of a row with loss: mse.
  int outputs() const { return outputs_; }

  // Forward and backward. The job's label smoothing and class weights count. Gradients are those of (sum of the part's
  // losses) / batch_rows. Dropout draws from `dropout`. A part that contradicts itself is InvalidArgument; a loss that
  // is NaN or infinite is OutOfRange and names the row.
  absl::Status Train(const Part& part, const Parameters& parameters, uint64_t batch_rows, PartGradients* gradients,
                     PartOutcome* outcome, const DropoutKey& dropout = {});

  // Forward without dropout and with the moving statistics, and what the labels make of it; labels are smoothed, but
  // classes not weighted. Errors as above.
  absl::Status Evaluate(const Part& part, const Parameters& parameters, PartOutcome* outcome);

  // results[rows × outputs()]: probabilities, or with loss: mse numbers. The part needs no labels.
  absl::Status Predict(const Part& part, const Parameters& parameters, std::vector<float>* results);

  // Evaluate and Predict with rows whose product with the first layer was worked out beforehand: 0 if that layer has
  // none. The bits are the same.
  size_t folded_width() const { return layers_->folded_width(); }
  // folded[count × folded_width()] of vectors[count × columns of the ROWS table]. `parameters` need no rows.
  void Fold(const Parameters& parameters, size_t count, const float* vectors, float* folded) {
    trained_ = false;
    layers_->Fold(parameters, count, vectors, folded);
  }

 private:
  Model() = default;

  absl::Status CheckParameters(const Part& part, const Parameters& parameters, bool training) const;
  // What the last layer gives. `training` is null for inference.
  absl::StatusOr<float*> Forward(const Part& part, const Parameters& parameters, const Training* training);
  // Turns `values` into the gradient of scale·(sum of losses) by them, in `gradient_`.
  absl::Status Judge(const Part& part, float scale, bool training, float* values, PartOutcome* outcome);
  absl::Status Backward(const Part& part, const Parameters& parameters, PartGradients* gradients);

  std::vector<v1::TableSpec> tables_;  // The first one is the embedding's.
  v1::Loss loss_kind_ = v1::LOSS_CROSS_ENTROPY;
  int outputs_ = 0;
  std::unique_ptr<Layers> layers_;
  std::unique_ptr<Loss> loss_;
  bool trained_ = false;                 // the last Forward was in training
  float* gradient_ = nullptr;            // by what the last layer gave
  std::vector<float*> table_gradients_;  // by table
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_MODEL_H_
