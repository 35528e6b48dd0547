#include "worker/model/make_layer.h"

#include "worker/model/attention_layer.h"
#include "worker/model/conv1d_layer.h"
#include "worker/model/dense_layer.h"
#include "worker/model/dropout_layer.h"
#include "worker/model/layer_normalization_layer.h"
#include "worker/model/pooling_layer.h"
#include "worker/model/recurrent_layer.h"

namespace pumasi {
namespace {

// Keras' default.
constexpr double kNormalizationEpsilon = 0.001;

}  // namespace

Activation ActivationOf(v1::Activation activation) {
  switch (activation) {
    case v1::ACTIVATION_RELU:
      return Activation::kRelu;
    case v1::ACTIVATION_TANH:
      return Activation::kTanh;
    case v1::ACTIVATION_SIGMOID:
      return Activation::kSigmoid;
    default:
      return Activation::kLinear;
  }
}

std::unique_ptr<Layer> MakeLayer(const v1::Layer& layer, const LayerPlan& plan, uint32_t number) {
  const int in = static_cast<int>(plan.in.width), out = static_cast<int>(plan.out.width);
  switch (layer.kind_case()) {
    case v1::Layer::kLstm:
      return std::make_unique<RecurrentLayer>(layer.lstm(), in, number);
    case v1::Layer::kGru:
      return std::make_unique<RecurrentLayer>(layer.gru(), in, number);
    case v1::Layer::kDense:
      return std::make_unique<DenseLayer>(in, out, ActivationOf(layer.dense().activation()));
    case v1::Layer::kDropout:
      return std::make_unique<DropoutLayer>(layer.dropout().rate(), false, number);
    case v1::Layer::kSpatialDropout1D:
      return std::make_unique<DropoutLayer>(layer.spatial_dropout1d().rate(), true, number);
    case v1::Layer::kConv1D: {
      const v1::Conv1d& conv = layer.conv1d();
      return std::make_unique<Conv1dLayer>(Conv1dOptions{.width = in,
                                                         .filters = out,
                                                         .kernel_size = static_cast<int>(conv.kernel_size()),
                                                         .same = conv.padding() == v1::PADDING_SAME,
                                                         .activation = ActivationOf(conv.activation())});
    }
    case v1::Layer::kGlobalMaxPooling1D:
      return std::make_unique<PoolingLayer>(Pooling::kMax);
    case v1::Layer::kGlobalAveragePooling1D:
      return std::make_unique<PoolingLayer>(Pooling::kAverage);
    case v1::Layer::kAttention:
      return std::make_unique<AttentionLayer>(in, static_cast<int>(layer.attention().units()));
    case v1::Layer::kLayerNormalization: {
      const v1::LayerNormalization& normalization = layer.layer_normalization();
      return std::make_unique<LayerNormalizationLayer>(
          static_cast<float>(normalization.has_epsilon() ? normalization.epsilon() : kNormalizationEpsilon));
    }
    default:
      return nullptr;
  }
}

}  // namespace pumasi
