// The plans of layers around one matrix product: dense, conv1d, attention.
#ifndef PUMASI_COMMON_MODEL_PLAN_PRODUCT_H_
#define PUMASI_COMMON_MODEL_PLAN_PRODUCT_H_

#include "absl/status/status.h"
#include "common/model_plan_layer.h"

namespace pumasi {

// As PlanLayer (common/model_plan_layer.h). The last dense layer has as many units as the data has classes or numbers.
absl::Status PlanDense(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan);
absl::Status PlanConv1d(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan);
absl::Status PlanAttention(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan);

}  // namespace pumasi

#endif  // PUMASI_COMMON_MODEL_PLAN_PRODUCT_H_
