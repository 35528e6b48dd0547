#include "worker/model/layer_normalization_layer.h"

#include "ops/layer_normalization.h"

namespace pumasi {

Signal LayerNormalizationLayer::Forward(const Signal& in, const float* const* tables, const Training* training) {
  float* const out = output_.Reserve(static_cast<size_t>(in.data.distinct) * in.data.width);
  LayerNormalizationForward(in.data.distinct, in.data.width, epsilon_, in.data.vectors, tables[0], tables[1], out);
  Signal signal = in;
  signal.data.vectors = out;
  return signal;
}

void LayerNormalizationLayer::Backward(const Signal& in, const float* const* tables, float* out_gradient,
                                       float* const* gradients, float* in_gradient) {
  LayerNormalizationBackward(in.data.distinct, in.data.width, epsilon_, in.data.vectors, tables[0], out_gradient,
                             gradients[0], gradients[1], in_gradient);
}

}  // namespace pumasi
