#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/flatten.h"

namespace pumasi::cuda {
namespace {

struct SideBySide {
  const uint32_t *offsets, *vector_of_token;
  int width, steps;
  const float* vectors;
  float* out;

  __device__ void operator()(size_t row, int column) const {
    const uint32_t step = column / width, begin = offsets[row], length = offsets[row + 1] - begin;
    float value = 0;
    if (step < length) value = vectors[static_cast<size_t>(vector_of_token[begin + step]) * width + column % width];
    out[row * width * steps + column] = value;
  }
};

struct OneByOne {
  const uint32_t *offsets, *row_of_token;
  int width, steps;
  const float* out_gradient;
  float* by_token;

  __device__ void operator()(size_t token, int column) const {
    const uint32_t row = row_of_token[token];
    const size_t step = token - offsets[row];
    const bool kept = step < static_cast<size_t>(steps);
    by_token[token * width + column] =
        kept ? out_gradient[(static_cast<size_t>(row) * steps + step) * width + column] : 0.0f;
  }
};

}  // namespace

void FlattenForward(Stream* stream, const SequenceIndex& index, int width, int steps, const float* vectors,
                    float* out) {
  ForEachInRows(stream, index.rows(), width * steps,
                SideBySide{index.offsets(), index.vector_of_token(), width, steps, vectors, out});
}

void FlattenBackward(Stream* stream, SequenceIndex* index, int width, int steps, const float* out_gradient,
                     DeviceBuffer<float>* by_token, float* vectors_gradient) {
  float* const gradients = by_token->Reserve(stream, index->tokens() * width);
  ForEachInRows(stream, index->tokens(), width,
                OneByOne{index->offsets(), index->row_of_token(), width, steps, out_gradient, gradients});
  index->MergeTokens(stream, width, gradients, vectors_gradient);
}

}  // namespace pumasi::cuda
