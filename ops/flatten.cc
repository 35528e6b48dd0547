#include "ops/flatten.h"

#include <algorithm>
#include <cstddef>

#include "ops/elementwise.h"

namespace pumasi {

void FlattenForward(const IndexedSequences& input, uint32_t steps, float* out) {
  const size_t width = input.width;
  for (int row = 0; row < input.rows; ++row, out += steps * width) {
    const uint32_t begin = input.offsets[row], kept = std::min(steps, input.offsets[row + 1] - begin);
    for (uint32_t step = 0; step < kept; ++step) {
      std::copy_n(input.vectors + input.tokens[begin + step] * width, width, out + step * width);
    }
    std::fill_n(out + kept * width, (steps - kept) * width, 0.0f);
  }
}

void FlattenBackward(const IndexedSequences& input, uint32_t steps, const float* out_gradient,
                     float* vectors_gradient) {
  const size_t width = input.width;
  std::fill_n(vectors_gradient, input.distinct * width, 0.0f);
  for (int row = 0; row < input.rows; ++row, out_gradient += steps * width) {
    const uint32_t begin = input.offsets[row], kept = std::min(steps, input.offsets[row + 1] - begin);
    for (uint32_t step = 0; step < kept; ++step) {
      AddTo(width, out_gradient + step * width, vectors_gradient + input.tokens[begin + step] * width);
    }
  }
}

}  // namespace pumasi
