// The plans of layers that normalise.
#ifndef PUMASI_COMMON_MODEL_PLAN_NORMALIZATION_H_
#define PUMASI_COMMON_MODEL_PLAN_NORMALIZATION_H_

#include "absl/status/status.h"
#include "common/model_plan_layer.h"

namespace pumasi {

// As PlanLayer (common/model_plan_layer.h). Batch normalisation's running mean and variance are tables with update:
// MOVING_AVERAGE.
absl::Status PlanLayerNormalization(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan);
absl::Status PlanBatchNormalization(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan);

}  // namespace pumasi

#endif  // PUMASI_COMMON_MODEL_PLAN_NORMALIZATION_H_
