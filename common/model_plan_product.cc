#include "common/model_plan_product.h"

#include "absl/strings/str_cat.h"
#include "common/model_plan_shape.h"
#include "common/model_plan_table.h"

namespace pumasi {
namespace {

using v1::Initializer;

constexpr v1::InitializerKind kDefault = v1::INITIALIZER_KIND_GLOROT_UNIFORM;

absl::Status CheckOutputs(uint32_t units, const LayerSurroundings& around) {
  if (!around.last || around.classes == 0 || units == around.classes) return absl::OkStatus();
  if (around.loss == v1::LOSS_MSE) {
    return RefuseLayer(absl::StrCat("units: ", units, " gives numbers of shape rows x ", units,
                                    ", but the data has numbers of shape rows x ", around.classes,
                                    "; leave units out"));
  }
  return RefuseLayer(absl::StrCat("units: ", units, " gives probabilities of shape rows x ", units,
                                  ", but the data has labels of shape rows x ", around.classes, " (", around.classes,
                                  " classes); leave units out"));
}

}  // namespace

absl::Status PlanDense(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  const v1::Dense& dense = layer.dense();
  if (absl::Status status = NeedVector(around, *plan); !status.ok()) return status;
  if (dense.has_units() ? dense.units() == 0 : !around.last) {
    return RefuseLayer("units is 0 or not set; only the last layer takes it from the number of classes");
  }
  if (dense.activation() == v1::ACTIVATION_SOFTMAX && !around.last) {
    return RefuseLayer("softmax is an activation of the last layer only");
  }
  const uint32_t units = dense.has_units() ? dense.units() : around.classes;
  if (absl::Status status = CheckOutputs(units, around); !status.ok()) return status;
  plan->out = {false, units};
  AddTensor(around, "kernel", plan->in.width, units,
            WeightInitializer(dense.kernel_initializer(), kDefault, plan->in.width, units), plan);
  AddTensor(around, "bias", 1, units, InitializerOf(Initializer::ZEROS), plan);
  return absl::OkStatus();
}

absl::Status PlanConv1d(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  const v1::Conv1d& conv = layer.conv1d();
  if (absl::Status status = NeedSequence(layer, around, *plan); !status.ok()) return status;
  if (conv.filters() == 0) return RefuseLayer("filters is 0 or not set");
  if (conv.kernel_size() == 0) return RefuseLayer("kernel_size is 0 or not set");
  if (conv.activation() == v1::ACTIVATION_SOFTMAX)
    return RefuseLayer("softmax is an activation of the last layer only");
  const uint64_t window = static_cast<uint64_t>(conv.kernel_size()) * plan->in.width;
  if (absl::Status status = CheckWidth(window); !status.ok()) return status;
  const uint32_t lost = conv.padding() == v1::PADDING_SAME ? 0 : conv.kernel_size() - 1;
  plan->out = {true, conv.filters(), plan->in.lost + lost};
  AddTensor(around, "kernel", window, conv.filters(),
            WeightInitializer(conv.kernel_initializer(), kDefault, window, conv.filters(), conv.kernel_size()), plan);
  AddTensor(around, "bias", 1, conv.filters(), InitializerOf(Initializer::ZEROS), plan);
  return absl::OkStatus();
}

absl::Status PlanAttention(const v1::Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  const uint32_t units = layer.attention().units();
  if (absl::Status status = NeedSequence(layer, around, *plan); !status.ok()) return status;
  if (units == 0) return RefuseLayer("units is 0 or not set");
  plan->out = {false, plan->in.width};
  AddTensor(around, "kernel", plan->in.width, units, InitializerOf(Initializer::GLOROT_UNIFORM), plan);
  AddTensor(around, "bias", 1, units, InitializerOf(Initializer::ZEROS), plan);
  AddTensor(around, "vector", 1, units, InitializerOf(Initializer::GLOROT_UNIFORM), plan);
  return absl::OkStatus();
}

}  // namespace pumasi
