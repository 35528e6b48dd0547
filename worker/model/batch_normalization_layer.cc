#include "worker/model/batch_normalization_layer.h"

#include <algorithm>

#include "ops/elementwise.h"

namespace pumasi {

Signal BatchNormalizationLayer::Forward(const Signal& in, const float* const* tables, const Training* training) {
  float* const out = output_.Reserve(static_cast<size_t>(in.data.distinct) * in.data.width);
  Signal signal = in;
  signal.data.vectors = out;
  if (training == nullptr) {
    normalization_.Infer(in.data.distinct, in.data.vectors, tables[0], tables[1], tables[2], tables[3], out);
    return signal;
  }
  share_ = static_cast<float>(training->share);
  if (in.sequence) {
    uint32_t* const times = times_.Reserve(in.data.distinct);
    std::fill_n(times, in.data.distinct, 0u);
    for (size_t token = 0; token < in.tokens(); ++token) ++times[in.data.tokens[token]];
  }
  normalization_.Forward(VectorsOf(in), tables[0], tables[1], out);
  return signal;
}

void BatchNormalizationLayer::Backward(const Signal& in, const float* const* tables, float* out_gradient,
                                       float* const* gradients, float* in_gradient) {
  normalization_.Backward(VectorsOf(in), tables[0], out_gradient, gradients[0], gradients[1], in_gradient);
  const bool own = normalization_.has_statistics();
  Scale(in.data.width, share_, own ? normalization_.mean() : tables[2], gradients[2]);
  Scale(in.data.width, share_, own ? normalization_.variance() : tables[3], gradients[3]);
}

}  // namespace pumasi
