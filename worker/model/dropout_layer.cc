#include "worker/model/dropout_layer.h"

#include <algorithm>

#include "ops/dropout.h"
#include "ops/elementwise.h"

namespace pumasi {

Signal DropoutLayer::Forward(const Signal& in, const float* const* tables, const Training* training) {
  if (training == nullptr || rate_ == 0) return in;
  const uint64_t stream = DropoutStream(training->dropout, number_);
  const size_t width = in.data.width;
  float* const factors = factors_.Reserve(in.tokens() * width);
  float* const out = output_.Reserve(in.tokens() * width);
  for (int row = 0; row < in.data.rows; ++row) {
    const size_t first = in.sequence ? in.data.offsets[row] : row;
    const size_t end = in.sequence ? in.data.offsets[row + 1] : row + 1;
    for (size_t token = first; token < end; ++token) {
      float* const own = factors + token * width;
      if (whole_columns_ && token > first) {
        std::copy_n(factors + first * width, width, own);
      } else {
        const uint32_t step = static_cast<uint32_t>(token - first);
        DropoutFactors(stream, {static_cast<uint32_t>(row), step, DropoutUse::kInput}, rate_, width, own);
      }
      const size_t vector = in.sequence ? in.data.tokens[token] : token;
      Multiply(width, in.data.vectors + vector * width, own, out + token * width);
    }
  }
  if (in.sequence) return index_.Sequence(in.data.rows, in.data.offsets, in.data.width, out);
  return OneVectorARow(in.data.rows, in.data.width, out);
}

void DropoutLayer::Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                            float* in_gradient) {
  const size_t width = in.data.width, count = in.data.distinct * width;
  if (rate_ == 0) {
    std::copy_n(out_gradient, count, in_gradient);
    return;
  }
  MultiplyBy(in.tokens() * width, factors_.get(), out_gradient);
  std::fill_n(in_gradient, count, 0.0f);
  for (size_t token = 0; token < in.tokens(); ++token) {
    const size_t vector = in.sequence ? in.data.tokens[token] : token;
    AddTo(width, out_gradient + token * width, in_gradient + vector * width);
  }
}

}  // namespace pumasi
