#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/attention.h"
#include "ops/cuda/dense.h"
#include "ops/cuda/elementwise.h"
#include "ops/cuda/row_groups.h"
#include "ops/math.h"

namespace pumasi::cuda {
namespace {

// Σ x[i]·y[i] by a warp, to all its lanes.
__device__ float WarpDot(int count, const float* x, const float* y) {
  float sum = 0;
  for (int i = threadIdx.x; i < count; i += kWarp) sum += x[i] * y[i];
  return WarpSum(sum);
}

// A block of one warp a vector.
__global__ void ScoreKernel(int units, const float* vector, const float* activated, float* scores) {
  const float score = WarpDot(units, vector, activated + static_cast<size_t>(blockIdx.x) * units);
  if (threadIdx.x == 0) scores[blockIdx.x] = score;
}

// A block of one warp a row: shares = softmax of its tokens' scores.
__global__ void ShareKernel(const uint32_t* offsets, const uint32_t* vector_of_token, const float* scores,
                            float* shares) {
  const uint32_t begin = offsets[blockIdx.x], end = offsets[blockIdx.x + 1];
  if (begin == end) return;
  // As ops/softmax_cross_entropy.h: the greatest number, or the first score if that is none.
  float greatest = scores[vector_of_token[begin]];
  for (uint32_t t = begin + threadIdx.x; t < end; t += kWarp) {
    const float score = scores[vector_of_token[t]];
    if (score > greatest) greatest = score;
  }
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    const float other = __shfl_xor_sync(0xffffffffu, greatest, distance);
    if (other > greatest) greatest = other;
  }
  double sum = 0;
  for (uint32_t t = begin + threadIdx.x; t < end; t += kWarp) {
    shares[t] = Exp(scores[vector_of_token[t]] - greatest);
    sum += shares[t];
  }
  const float factor = static_cast<float>(1 / WarpSum(sum));
  for (uint32_t t = begin + threadIdx.x; t < end; t += kWarp) shares[t] = factor * shares[t];
}

struct WeightedSum {
  const uint32_t *offsets, *vector_of_token;
  int width;
  const float *shares, *vectors;
  float* out;

  __device__ void operator()(size_t row, int column) const {
    float sum = 0;
    for (uint32_t t = offsets[row]; t < offsets[row + 1]; ++t) {
      sum += shares[t] * vectors[static_cast<size_t>(vector_of_token[t]) * width + column];
    }
    out[row * width + column] = sum;
  }
};

// A block of one warp a token: out_gradient·x.
__global__ void DotKernel(int width, const uint32_t* row_of_token, const uint32_t* vector_of_token,
                          const float* out_gradient, const float* vectors, float* dots) {
  const size_t row = row_of_token[blockIdx.x], vector = vector_of_token[blockIdx.x];
  const float dot = WarpDot(width, out_gradient + row * width, vectors + vector * width);
  if (threadIdx.x == 0) dots[blockIdx.x] = dot;
}

// A block of one warp a row. With s the shares and g_t = dout·x_t: dscore_t = s_t·(g_t − Σ s·g).
__global__ void ScoreGradientKernel(const uint32_t* offsets, const float* shares, float* dots) {
  const uint32_t begin = offsets[blockIdx.x], end = offsets[blockIdx.x + 1];
  float sum = 0;
  for (uint32_t t = begin + threadIdx.x; t < end; t += kWarp) sum += shares[t] * dots[t];
  const float mean = WarpSum(sum);
  for (uint32_t t = begin + threadIdx.x; t < end; t += kWarp) dots[t] = shares[t] * (dots[t] - mean);
}

struct ShareOfGradient {
  const uint32_t* row_of_token;
  int width;
  const float *shares, *out_gradient;
  float* by_token;

  __device__ void operator()(size_t token, int column) const {
    by_token[token * width + column] =
        shares[token] * out_gradient[static_cast<size_t>(row_of_token[token]) * width + column];
  }
};

struct BeforeTanh {
  int units;
  const float *by_score, *vector;
  float *activated, *by_vector;

  __device__ void operator()(size_t i, int u) const {
    float& y = activated[i * units + u];
    by_vector[i * units + u] = by_score[i] * y;
    y = by_score[i] * vector[u] * (1.0f - y * y);
  }
};

}  // namespace

void Attention::Forward(Stream* stream, const SequenceIndex& index, const float* vectors,
                        const AttentionWeights& weights, float* out) {
  const size_t distinct = index.distinct(), rows = index.rows();
  float* const activated = activated_.Reserve(stream, distinct * units_);
  float* const scores = scores_.Reserve(stream, distinct);
  float* const shares = shares_.Reserve(stream, index.tokens());
  DenseForward(stream, precision_, {index.distinct(), width_, units_}, Activation::kTanh, vectors, weights.kernel,
               weights.bias, activated);
  Launch(stream, {.blocks = distinct, .threads = kWarp}, ScoreKernel, units_, weights.vector, activated, scores);
  Launch(stream, {.blocks = rows, .threads = kWarp}, ShareKernel, index.offsets(), index.vector_of_token(), scores,
         shares);
  ForEachInRows(stream, rows, width_,
                WeightedSum{index.offsets(), index.vector_of_token(), width_, shares, vectors, out});
}

void Attention::Backward(Stream* stream, SequenceIndex* index, const float* vectors, const AttentionWeights& weights,
                         const float* out_gradient, const AttentionGradients& gradients, float* vectors_gradient) {
  const size_t distinct = index->distinct(), tokens = index->tokens();
  const float* const shares = shares_.get();
  float* const dots = dots_.Reserve(stream, tokens);
  float* const by_token = by_token_.Reserve(stream, tokens * width_);
  Launch(stream, {.blocks = tokens, .threads = kWarp}, DotKernel, width_, index->row_of_token(),
         index->vector_of_token(), out_gradient, vectors, dots);
  Launch(stream, {.blocks = static_cast<size_t>(index->rows()), .threads = kWarp}, ScoreGradientKernel,
         index->offsets(), shares, dots);
  index->MergeTokens(stream, 1, dots, scores_.get());
  ForEachInRows(stream, tokens, width_, ShareOfGradient{index->row_of_token(), width_, shares, out_gradient, by_token});
  index->MergeTokens(stream, width_, by_token, vectors_gradient);

  float* const by_vector = by_vector_.Reserve(stream, distinct * units_);
  ForEachInRows(stream, distinct, units_,
                BeforeTanh{units_, scores_.get(), weights.vector, activated_.get(), by_vector});
  SumRows(stream, distinct, units_, by_vector, &partial_, gradients.vector);
  float* const through_scores = input_gradient_.Reserve(stream, distinct * width_);
  DenseBackward(stream, precision_, {index->distinct(), width_, units_}, Activation::kLinear, vectors, weights.kernel,
                nullptr, activated_.get(), gradients.kernel, gradients.bias, through_scores, &partial_);
  AddTo(stream, distinct * width_, through_scores, vectors_gradient);
}

}  // namespace pumasi::cuda
