// A job's layers in plain numbers.
#ifndef PUMASI_OPS_CUDA_MODEL_JOB_LAYERS_H_
#define PUMASI_OPS_CUDA_MODEL_JOB_LAYERS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "common/model_plan_layer.h"
#include "ops/cuda/model/layer_spec.h"
#include "proto/job.pb.h"

namespace pumasi::cuda {

// Of the layers behind the embedding. `plans` are PlanLayers' for the job. Unimplemented, with its name, for a layer
// that has no twin on a device.
absl::StatusOr<std::vector<LayerSpec>> LayersOf(const v1::Job& job, const std::vector<LayerPlan>& plans);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_MODEL_JOB_LAYERS_H_
