#include "worker/model/make_layer.h"

#include <utility>

#include "worker/model/attention_layer.h"
#include "worker/model/batch_normalization_layer.h"
#include "worker/model/chain.h"
#include "worker/model/concatenate_layer.h"
#include "worker/model/conv1d_layer.h"
#include "worker/model/dense_layer.h"
#include "worker/model/dropout_layer.h"
#include "worker/model/flatten_layer.h"
#include "worker/model/layer_normalization_layer.h"
#include "worker/model/pooling_layer.h"
#include "worker/model/recurrent_layer.h"

namespace pumasi {
namespace {

// `Spec` is v1::LayerNormalization or v1::BatchNormalization.
template <typename Spec>
float EpsilonOf(const Spec& spec) {
  return static_cast<float>(spec.has_epsilon() ? spec.epsilon() : kNormalizationEpsilon);
}

std::unique_ptr<Layer> MakeConcatenate(const v1::Concatenate& concatenate, const LayerPlan& plan, Precision precision) {
  auto layer = std::make_unique<ConcatenateLayer>();
  for (size_t i = 0; i < plan.branches.size(); ++i) {
    auto chain = std::make_unique<Chain>();
    size_t tables = 0;
    for (size_t j = 0; j < plan.branches[i].size(); ++j) {
      const LayerPlan& inner = plan.branches[i][j];
      chain->Add(MakeLayer(concatenate.branches(static_cast<int>(i)).layers(static_cast<int>(j)), inner, precision),
                 inner.tables.size());
      tables += inner.tables.size();
    }
    layer->Add(std::move(chain), tables);
  }
  return layer;
}

}  // namespace

std::unique_ptr<Layer> MakeLayer(const v1::Layer& layer, const LayerPlan& plan, Precision precision) {
  const int in = static_cast<int>(plan.in.width), out = static_cast<int>(plan.out.width);
  switch (layer.kind_case()) {
    case v1::Layer::kLstm:
      return std::make_unique<RecurrentLayer>(layer.lstm(), in, plan.number, precision);
    case v1::Layer::kGru:
      return std::make_unique<RecurrentLayer>(layer.gru(), in, plan.number, precision);
    case v1::Layer::kDense:
      return std::make_unique<DenseLayer>(in, out, ActivationOf(layer.dense().activation()), precision);
    case v1::Layer::kDropout:
      return std::make_unique<DropoutLayer>(layer.dropout().rate(), false, plan.number);
    case v1::Layer::kSpatialDropout1D:
      return std::make_unique<DropoutLayer>(layer.spatial_dropout1d().rate(), true, plan.number);
    case v1::Layer::kConv1D: {
      const v1::Conv1d& conv = layer.conv1d();
      return std::make_unique<Conv1dLayer>(Conv1dOptions{.width = in,
                                                         .filters = out,
                                                         .kernel_size = static_cast<int>(conv.kernel_size()),
                                                         .same = conv.padding() == v1::PADDING_SAME,
                                                         .activation = ActivationOf(conv.activation()),
                                                         .precision = precision});
    }
    case v1::Layer::kGlobalMaxPooling1D:
      return std::make_unique<PoolingLayer>(Pooling::kMax);
    case v1::Layer::kGlobalAveragePooling1D:
      return std::make_unique<PoolingLayer>(Pooling::kAverage);
    case v1::Layer::kAttention:
      return std::make_unique<AttentionLayer>(in, static_cast<int>(layer.attention().units()), precision);
    case v1::Layer::kLayerNormalization:
      return std::make_unique<LayerNormalizationLayer>(EpsilonOf(layer.layer_normalization()));
    case v1::Layer::kBatchNormalization:
      return std::make_unique<BatchNormalizationLayer>(in, EpsilonOf(layer.batch_normalization()));
    case v1::Layer::kFlatten:
      return std::make_unique<FlattenLayer>(layer.flatten().steps());
    case v1::Layer::kConcatenate:
      return MakeConcatenate(layer.concatenate(), plan, precision);
    default:
      return nullptr;
  }
}

}  // namespace pumasi
