#include "worker/model/conv1d_layer.h"

namespace pumasi {

Signal Conv1dLayer::Forward(const Signal& in, const float* const* tables, const Training* training) {
  const uint32_t* const offsets = conv_.Offsets(in.data);
  float* const out = output_.Reserve(static_cast<size_t>(offsets[in.data.rows]) * filters_);
  conv_.Forward(in.data, tables[0], tables[1], out);
  return index_.Sequence(in.data.rows, offsets, filters_, out);
}

void Conv1dLayer::Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                           float* in_gradient) {
  conv_.Backward(in.data, tables[0], output_.get(), out_gradient, gradients[0], gradients[1], in_gradient);
}

}  // namespace pumasi
