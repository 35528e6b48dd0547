// The plans of layers one after another, and side by side.
#ifndef PUMASI_COMMON_MODEL_PLAN_CHAIN_H_
#define PUMASI_COMMON_MODEL_PLAN_CHAIN_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/model_plan_layer.h"

namespace pumasi {

using LayerList = google::protobuf::RepeatedPtrField<v1::Layer>;

// The layers' names in order: the kind, and from the second layer of a kind on a number after it: "dense", "dense_1".
std::vector<std::string> NamesOf(const LayerList& layers);

// "layer 3 (dense): …"
absl::Status RefuseAt(int layer, const std::string& name, absl::string_view why);

// Appends the plans of layers that stand one behind the other; the first one gets `in`. `prefix` comes before their
// names, `around` is that of the first one. Refuses with the layer's position and name.
absl::Status PlanChain(const LayerList& layers, const std::string& prefix, const LayerShape& in,
                       const LayerSurroundings& around, std::vector<LayerPlan>* plans);

// As PlanLayer (common/model_plan_layer.h). Refuses branches whose outputs can't stand side by side.
absl::Status PlanConcatenate(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan);

// Numbers the layers: first those of `plans` from 0 on, then those in branches, depth first.
void NumberLayers(std::vector<LayerPlan>* plans);

}  // namespace pumasi

#endif  // PUMASI_COMMON_MODEL_PLAN_CHAIN_H_
