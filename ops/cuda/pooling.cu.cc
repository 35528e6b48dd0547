#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/pooling.h"

namespace pumasi::cuda {
namespace {

struct Tokens {
  const uint32_t *offsets, *vector_of_token, *row_of_token;

  explicit Tokens(const SequenceIndex& index)
      : offsets(index.offsets()), vector_of_token(index.vector_of_token()), row_of_token(index.row_of_token()) {}
};

struct Largest {
  Tokens tokens;
  int width;
  const float* vectors;
  float* out;
  uint32_t* largest;

  __device__ void operator()(size_t row, int column) const {
    const uint32_t begin = tokens.offsets[row], end = tokens.offsets[row + 1];
    float best = 0;
    uint32_t place = begin;
    for (uint32_t token = begin; token < end; ++token) {
      const float x = vectors[static_cast<size_t>(tokens.vector_of_token[token]) * width + column];
      // Not a number stays once it is there.
      if (token == begin || x > best || x != x) {
        best = x;
        place = token;
      }
    }
    out[row * width + column] = best;
    largest[row * width + column] = place;
  }
};

struct LargestGradient {
  Tokens tokens;
  int width;
  const float* out_gradient;
  const uint32_t* largest;
  float* by_token;

  __device__ void operator()(size_t token, int column) const {
    const size_t at = static_cast<size_t>(tokens.row_of_token[token]) * width + column;
    by_token[token * width + column] = largest[at] == token ? out_gradient[at] : 0.0f;
  }
};

struct Mean {
  Tokens tokens;
  int width;
  const float* vectors;
  float* out;

  __device__ void operator()(size_t row, int column) const {
    const uint32_t begin = tokens.offsets[row], end = tokens.offsets[row + 1];
    float sum = 0;
    for (uint32_t token = begin; token < end; ++token) {
      sum += vectors[static_cast<size_t>(tokens.vector_of_token[token]) * width + column];
    }
    out[row * width + column] = begin == end ? 0.0f : 1.0f / static_cast<float>(end - begin) * sum;
  }
};

struct MeanGradient {
  Tokens tokens;
  int width;
  const float* out_gradient;
  float* by_token;

  __device__ void operator()(size_t token, int column) const {
    const uint32_t row = tokens.row_of_token[token];
    const float share = 1.0f / static_cast<float>(tokens.offsets[row + 1] - tokens.offsets[row]);
    by_token[token * width + column] = share * out_gradient[static_cast<size_t>(row) * width + column];
  }
};

}  // namespace

void GlobalMaxForward(Stream* stream, const SequenceIndex& index, int width, const float* vectors, float* out,
                      uint32_t* largest) {
  ForEachInRows(stream, index.rows(), width, Largest{Tokens(index), width, vectors, out, largest});
}

void GlobalMaxBackward(Stream* stream, SequenceIndex* index, int width, const float* out_gradient,
                       const uint32_t* largest, DeviceBuffer<float>* by_token, float* vectors_gradient) {
  float* const gradients = by_token->Reserve(stream, index->tokens() * width);
  ForEachInRows(stream, index->tokens(), width,
                LargestGradient{Tokens(*index), width, out_gradient, largest, gradients});
  index->MergeTokens(stream, width, gradients, vectors_gradient);
}

void GlobalAverageForward(Stream* stream, const SequenceIndex& index, int width, const float* vectors, float* out) {
  ForEachInRows(stream, index.rows(), width, Mean{Tokens(index), width, vectors, out});
}

void GlobalAverageBackward(Stream* stream, SequenceIndex* index, int width, const float* out_gradient,
                           DeviceBuffer<float>* by_token, float* vectors_gradient) {
  float* const gradients = by_token->Reserve(stream, index->tokens() * width);
  ForEachInRows(stream, index->tokens(), width, MeanGradient{Tokens(*index), width, out_gradient, gradients});
  index->MergeTokens(stream, width, gradients, vectors_gradient);
}

}  // namespace pumasi::cuda
