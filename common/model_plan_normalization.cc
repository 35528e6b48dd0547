#include "common/model_plan_normalization.h"

#include "absl/strings/str_cat.h"
#include "common/model_plan_shape.h"
#include "common/model_plan_table.h"

namespace pumasi {
namespace {

using v1::Initializer;

// Keras' default.
constexpr double kMomentum = 0.99;

// `Spec` is v1::LayerNormalization or v1::BatchNormalization.
template <typename Spec>
absl::Status PlanScale(const Spec& spec, const LayerSurroundings& around, LayerPlan* plan) {
  if (spec.has_epsilon() && !(spec.epsilon() > 0)) {
    return RefuseLayer(absl::StrCat("epsilon is ", spec.epsilon(), "; it has to be above 0"));
  }
  plan->out = plan->in;
  AddTensor(around, "gamma", 1, plan->in.width, InitializerOf(Initializer::ONES), plan);
  AddTensor(around, "beta", 1, plan->in.width, InitializerOf(Initializer::ZEROS), plan);
  return absl::OkStatus();
}

}  // namespace

absl::Status PlanLayerNormalization(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  return PlanScale(layer.layer_normalization(), around, plan);
}

absl::Status PlanBatchNormalization(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  const v1::BatchNormalization& spec = layer.batch_normalization();
  for (const absl::Status& status : {CheckShare("momentum", spec.momentum()), PlanScale(spec, around, plan)}) {
    if (!status.ok()) return status;
  }
  for (const auto& [tensor, initial] :
       {std::pair("moving_mean", Initializer::ZEROS), {"moving_variance", Initializer::ONES}}) {
    v1::TableSpec* const table = AddTensor(around, tensor, 1, plan->in.width, InitializerOf(initial), plan);
    table->set_update(v1::TableSpec::MOVING_AVERAGE);
    table->set_momentum(spec.has_momentum() ? spec.momentum() : kMomentum);
  }
  return absl::OkStatus();
}

}  // namespace pumasi
