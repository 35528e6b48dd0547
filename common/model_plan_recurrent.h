// The plan of an lstm or a gru.
#ifndef PUMASI_COMMON_MODEL_PLAN_RECURRENT_H_
#define PUMASI_COMMON_MODEL_PLAN_RECURRENT_H_

#include "absl/status/status.h"
#include "common/model_plan_layer.h"

namespace pumasi {

// As PlanLayer (common/model_plan_layer.h).
absl::Status PlanLstm(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan);
absl::Status PlanGru(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan);

}  // namespace pumasi

#endif  // PUMASI_COMMON_MODEL_PLAN_RECURRENT_H_
