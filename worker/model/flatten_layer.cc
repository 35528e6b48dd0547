#include "worker/model/flatten_layer.h"

#include <algorithm>

#include "ops/flatten.h"
#include "worker/model/token_index.h"

namespace pumasi {

Signal FlattenLayer::Forward(const Signal& in, const float* const* tables, const Training* training) {
  if (!in.sequence) return in;
  const int width = static_cast<int>(steps_) * in.data.width;
  float* const out = output_.Reserve(static_cast<size_t>(in.data.rows) * width);
  FlattenForward(in.data, steps_, out);
  return OneVectorARow(in.data.rows, width, out);
}

void FlattenLayer::Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                            float* in_gradient) {
  if (in.sequence) return FlattenBackward(in.data, steps_, out_gradient, in_gradient);
  std::copy_n(out_gradient, static_cast<size_t>(in.data.rows) * in.data.width, in_gradient);
}

}  // namespace pumasi
