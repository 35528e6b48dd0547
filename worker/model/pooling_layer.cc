#include "worker/model/pooling_layer.h"

#include "ops/pooling.h"
#include "worker/model/token_index.h"

namespace pumasi {

Signal PoolingLayer::Forward(const Signal& in, const float* const* tables, const Training* training) {
  const size_t count = static_cast<size_t>(in.data.rows) * in.data.width;
  float* const out = output_.Reserve(count);
  if (pooling_ == Pooling::kMax) {
    GlobalMaxForward(in.data, out, largest_.Reserve(count));
  } else {
    GlobalAverageForward(in.data, out);
  }
  return OneVectorARow(in.data.rows, in.data.width, out);
}

void PoolingLayer::Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                            float* in_gradient) {
  if (pooling_ == Pooling::kMax) {
    GlobalMaxBackward(in.data, out_gradient, largest_.get(), in_gradient);
  } else {
    GlobalAverageBackward(in.data, out_gradient, in_gradient);
  }
}

}  // namespace pumasi
