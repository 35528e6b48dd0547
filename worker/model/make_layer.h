// A layer of a job as something that computes.
#ifndef PUMASI_WORKER_MODEL_MAKE_LAYER_H_
#define PUMASI_WORKER_MODEL_MAKE_LAYER_H_

#include <memory>

#include "common/model_plan_layer.h"
#include "ops/job_kinds.h"
#include "ops/precision.h"
#include "proto/job.pb.h"
#include "worker/model/layer.h"

namespace pumasi {

// `plan` is PlanLayers' for the layer. nullptr for an embedding, whose rows are the model's input.
// `precision` is that of its matrix products.
std::unique_ptr<Layer> MakeLayer(const v1::Layer& layer, const LayerPlan& plan,
                                 Precision precision = Precision::kFloat32);

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_MAKE_LAYER_H_
