// A layer of a job as something that computes.
#ifndef PUMASI_WORKER_MODEL_MAKE_LAYER_H_
#define PUMASI_WORKER_MODEL_MAKE_LAYER_H_

#include <cstdint>
#include <memory>

#include "common/model_plan_layer.h"
#include "ops/activation.h"
#include "proto/job.pb.h"
#include "worker/model/layer.h"

namespace pumasi {

// softmax, which is part of the loss, is linear here.
Activation ActivationOf(v1::Activation activation);

// `plan` is PlanLayers' for the layer, `number` its place in the model. nullptr for an embedding, whose rows are the
// model's input.
std::unique_ptr<Layer> MakeLayer(const v1::Layer& layer, const LayerPlan& plan, uint32_t number);

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_MAKE_LAYER_H_
