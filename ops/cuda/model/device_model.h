// A job's layers on a device, for a worker that computes there: between Model's input and loss (worker/model/model.h)
// it takes the place of the chain of layers.
#ifndef PUMASI_OPS_CUDA_MODEL_DEVICE_MODEL_H_
#define PUMASI_OPS_CUDA_MODEL_DEVICE_MODEL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/model_plan_layer.h"
#include "ops/cuda/model/part_runner.h"
#include "ops/dropout.h"
#include "proto/job.pb.h"

namespace pumasi::cuda {

// Calls return when their results are there. Not thread-safe, one DeviceModel a thread; several on one device overlap
// their copies and their work. Results depend on the arguments, the device and the version of its libraries alone.
// Errors of the device are Internal, or ResourceExhausted for its memory, and stay: the model is of no more use.
class DeviceModel {
 public:
  // `plans` are PlanLayers' for the job (common/model_plan.h); the tables below are numbered as those of PlanTables,
  // without the embedding's. FailedPrecondition: no device, no driver, or a build without CUDA, and which of them.
  static absl::StatusOr<std::unique_ptr<DeviceModel>> Create(const v1::Job& job, const std::vector<LayerPlan>& plans,
                                                             int device);
  virtual ~DeviceModel() = default;

  virtual int outputs() const = 0;

  // Values to compute with from the next part on: tables[i] of DENSE table i + 1, host memory that stays as it is until
  // that part's Forward returns. Need not be set again while they stay the same.
  virtual void SetTables(const std::vector<const float*>& tables) = 0;

  // outputs[rows × outputs()]: what the last layer gives; logits where its activation is part of the loss, which is
  // where the loss is not mse. With `training` Backward may follow, otherwise it is inference.
  virtual absl::Status Forward(const PartRows& part, const Training* training, float* outputs) = 0;

  // After Forward in training of the same part, from gradient[rows × outputs()] by the outputs.
  virtual absl::Status Backward(const PartRows& part, const float* gradient, const PartGradientMemory& gradients) = 0;

  // Both with softmax cross entropy between them, without a way over the host. losses[rows], predicted[rows].
  // Where a loss is not finite the gradients are not either: the caller looks.
  virtual absl::Status TrainCrossEntropy(const PartRows& part, const Training& training, const CrossEntropyJudge& judge,
                                         double* losses, int32_t* predicted, const PartGradientMemory& gradients) = 0;
};

// What stands in the place of KernelSet() (ops/gemm.h) where a worker computes on a device: workers with equal sets
// compute equal bits. "cublas-13.1.0/NVIDIA H100 80GB HBM3/float32".
absl::StatusOr<std::string> DeviceKernelSet(int device, Precision precision);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_MODEL_DEVICE_MODEL_H_
