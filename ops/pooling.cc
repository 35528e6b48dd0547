#include "ops/pooling.h"

#include <algorithm>

#include "ops/elementwise.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

PUMASI_VECTOR_CLONES void KeepLarger(size_t width, const float* __restrict x, uint32_t vector, float* __restrict out,
                                     uint32_t* __restrict largest) {
  for (size_t i = 0; i < width; ++i) {
    // Not a number stays once it is there.
    const bool larger = x[i] > out[i] || x[i] != x[i];
    out[i] = larger ? x[i] : out[i];
    largest[i] = larger ? vector : largest[i];
  }
}

}  // namespace

void GlobalMaxForward(const IndexedSequences& input, float* out, uint32_t* largest) {
  const size_t width = input.width;
  for (int row = 0; row < input.rows; ++row, out += width, largest += width) {
    const uint32_t begin = input.offsets[row], end = input.offsets[row + 1];
    if (begin == end) {
      std::fill_n(out, width, 0.0f);
      continue;
    }
    std::copy_n(input.vectors + input.tokens[begin] * width, width, out);
    std::fill_n(largest, width, input.tokens[begin]);
    for (uint32_t token = begin + 1; token < end; ++token) {
      KeepLarger(width, input.vectors + input.tokens[token] * width, input.tokens[token], out, largest);
    }
  }
}

void GlobalMaxBackward(const IndexedSequences& input, const float* out_gradient, const uint32_t* largest,
                       float* vectors_gradient) {
  const size_t width = input.width;
  std::fill_n(vectors_gradient, input.distinct * width, 0.0f);
  for (int row = 0; row < input.rows; ++row) {
    if (input.offsets[row] == input.offsets[row + 1]) continue;
    for (size_t i = 0; i < width; ++i) {
      vectors_gradient[largest[row * width + i] * width + i] += out_gradient[row * width + i];
    }
  }
}

void GlobalAverageForward(const IndexedSequences& input, float* out) {
  const size_t width = input.width;
  for (int row = 0; row < input.rows; ++row, out += width) {
    const uint32_t begin = input.offsets[row], end = input.offsets[row + 1];
    std::fill_n(out, width, 0.0f);
    for (uint32_t token = begin; token < end; ++token) AddTo(width, input.vectors + input.tokens[token] * width, out);
    if (begin != end) Scale(width, 1.0f / static_cast<float>(end - begin), out, out);
  }
}

void GlobalAverageBackward(const IndexedSequences& input, const float* out_gradient, float* vectors_gradient) {
  const size_t width = input.width;
  std::fill_n(vectors_gradient, input.distinct * width, 0.0f);
  for (int row = 0; row < input.rows; ++row) {
    const uint32_t begin = input.offsets[row], end = input.offsets[row + 1];
    for (uint32_t token = begin; token < end; ++token) {
      AddScaled(width, 1.0f / static_cast<float>(end - begin), out_gradient + row * width,
                vectors_gradient + input.tokens[token] * width);
    }
  }
}

}  // namespace pumasi
