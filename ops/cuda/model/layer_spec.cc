#include "ops/cuda/model/layer_spec.h"

#include "ops/cuda/model/concatenate_layer.h"
#include "ops/cuda/model/dense_layer.h"
#include "ops/cuda/model/pointwise_layers.h"
#include "ops/cuda/model/recurrent_layer.h"
#include "ops/cuda/model/sequence_layers.h"

namespace pumasi::cuda {

std::vector<size_t> LayerSpec::TableSizes() const {
  const size_t in = width, out = units;
  const auto recurrent_tables = [&](size_t gates, size_t biases) {
    std::vector<size_t> sizes = {in * gates * out, out * gates * out, biases * gates * out};
    if (join != Join::kOneDirection) sizes.insert(sizes.end(), {sizes[0], sizes[1], sizes[2]});
    return sizes;
  };
  switch (kind) {
    case Kind::kLstm:
      return recurrent_tables(4, 1);
    case Kind::kGru:
      return recurrent_tables(3, reset_after ? 2 : 1);
    case Kind::kDense:
      return {in * out, out};
    case Kind::kConv1d:
      return {kernel_size * in * out, out};
    case Kind::kAttention:
      return {in * out, out, out};
    case Kind::kLayerNormalization:
      return {in, in};
    case Kind::kBatchNormalization:
      return {in, in, in, in};
    case Kind::kConcatenate: {
      std::vector<size_t> sizes;
      for (const auto& branch : branches) {
        for (const LayerSpec& layer : branch) {
          const std::vector<size_t> own = layer.TableSizes();
          sizes.insert(sizes.end(), own.begin(), own.end());
        }
      }
      return sizes;
    }
    default:
      return {};
  }
}

std::unique_ptr<Layer> MakeLayer(const LayerSpec& spec, Precision precision) {
  using Kind = LayerSpec::Kind;
  switch (spec.kind) {
    case Kind::kLstm:
    case Kind::kGru:
      return std::make_unique<RecurrentLayer>(spec, precision);
    case Kind::kDense:
      return std::make_unique<DenseLayer>(spec, precision);
    case Kind::kDropout:
      return std::make_unique<DropoutLayer>(spec);
    case Kind::kConv1d:
      return std::make_unique<Conv1dLayer>(spec, precision);
    case Kind::kMaxPooling:
    case Kind::kAveragePooling:
      return std::make_unique<PoolingLayer>(spec);
    case Kind::kAttention:
      return std::make_unique<AttentionLayer>(spec, precision);
    case Kind::kLayerNormalization:
      return std::make_unique<LayerNormalizationLayer>(spec);
    case Kind::kBatchNormalization:
      return std::make_unique<BatchNormalizationLayer>(spec);
    case Kind::kFlatten:
      return std::make_unique<FlattenLayer>(spec);
    case Kind::kConcatenate:
      return std::make_unique<ConcatenateLayer>(spec, precision);
  }
  return nullptr;
}

}  // namespace pumasi::cuda
