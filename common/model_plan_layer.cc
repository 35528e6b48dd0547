#include "common/model_plan_layer.h"

#include "absl/strings/str_cat.h"
#include "common/model_plan_chain.h"
#include "common/model_plan_normalization.h"
#include "common/model_plan_product.h"
#include "common/model_plan_recurrent.h"
#include "common/model_plan_shape.h"
#include "common/model_plan_table.h"

namespace pumasi {
namespace {

using v1::Layer;

absl::Status PlanEmbedding(const v1::Embedding& embedding, const LayerSurroundings& around, LayerPlan* plan) {
  if (!around.name_before.empty()) return RefuseLayer("an embedding can only be the first layer");
  if (embedding.width() == 0) return RefuseLayer("width is 0 or not set");
  if (embedding.initializer() == v1::INITIALIZER_KIND_ORTHOGONAL) {
    return RefuseLayer("initializer: orthogonal needs the whole table at once, but rows are made one by one");
  }
  plan->out = {true, embedding.width()};
  AddRows(
      around, around.vocabulary, embedding.width(),
      WeightInitializer(embedding.initializer(), v1::INITIALIZER_KIND_UNIFORM, around.vocabulary, embedding.width()),
      plan);
  return absl::OkStatus();
}

// Each row's values stay where they are, some of them 0.
absl::Status PlanDropout(double rate, LayerPlan* plan) {
  plan->out = plan->in;
  return CheckShare("rate", rate);
}

absl::Status PlanFlatten(const v1::Flatten& flatten, LayerPlan* plan) {
  plan->out = plan->in;
  if (!plan->in.sequence) return absl::OkStatus();
  if (flatten.steps() == 0) {
    return RefuseLayer(absl::StrCat("steps is 0 or not set; ", DescribeShape(plan->in),
                                    " needs it to become one vector a row (rows x (steps * ", plan->in.width, "))"));
  }
  const uint64_t width = static_cast<uint64_t>(flatten.steps()) * plan->in.width;
  plan->out = {false, static_cast<uint32_t>(width)};
  return CheckWidth(width);
}

absl::Status RefuseKind() {
  std::string kinds;
  const auto* oneof = Layer::descriptor()->oneof_decl(0);
  for (int i = 0; i < oneof->field_count(); ++i) absl::StrAppend(&kinds, i == 0 ? "" : ", ", oneof->field(i)->name());
  return RefuseLayer(absl::StrCat("it is none of ", kinds));
}

}  // namespace

std::string LayerKind(const Layer& layer) {
  const auto* field = Layer::descriptor()->FindFieldByNumber(layer.kind_case());
  return field == nullptr ? "unknown" : field->name();
}

absl::Status PlanLayer(const Layer& layer, const LayerSurroundings& around, LayerPlan* plan) {
  switch (layer.kind_case()) {
    case Layer::kEmbedding:
      return PlanEmbedding(layer.embedding(), around, plan);
    case Layer::kLstm:
      return PlanLstm(layer, around, plan);
    case Layer::kGru:
      return PlanGru(layer, around, plan);
    case Layer::kDense:
      return PlanDense(layer, around, plan);
    case Layer::kDropout:
      return PlanDropout(layer.dropout().rate(), plan);
    case Layer::kSpatialDropout1D:
      if (absl::Status status = NeedSequence(layer, around, *plan); !status.ok()) return status;
      return PlanDropout(layer.spatial_dropout1d().rate(), plan);
    case Layer::kConv1D:
      return PlanConv1d(layer, around, plan);
    case Layer::kGlobalMaxPooling1D:
    case Layer::kGlobalAveragePooling1D:
      plan->out = {false, plan->in.width};
      return NeedSequence(layer, around, *plan);
    case Layer::kAttention:
      return PlanAttention(layer, around, plan);
    case Layer::kLayerNormalization:
      return PlanLayerNormalization(layer, around, plan);
    case Layer::kBatchNormalization:
      return PlanBatchNormalization(layer, around, plan);
    case Layer::kFlatten:
      return PlanFlatten(layer.flatten(), plan);
    case Layer::kConcatenate:
      return PlanConcatenate(layer, around, plan);
    default:
      return RefuseKind();
  }
}

}  // namespace pumasi
