#include "ops/attention.h"

#include <algorithm>

#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/softmax_cross_entropy.h"

namespace pumasi {

void Attention::Forward(const IndexedSequences& input, const AttentionWeights& weights, float* out) {
  const size_t width = width_, units = units_, distinct = input.distinct;
  float* const activated = activated_.Reserve(distinct * units);
  DenseForward({input.distinct, width_, units_, precision_}, Activation::kTanh, input.vectors, weights.kernel,
               weights.bias, activated);
  float* const scores = scores_.Reserve(distinct);
  for (size_t i = 0; i < distinct; ++i) scores[i] = Dot(units, weights.vector, activated + i * units);
  float* const shares = shares_.Reserve(input.offsets[input.rows]);
  for (int row = 0; row < input.rows; ++row, out += width) {
    const uint32_t begin = input.offsets[row], end = input.offsets[row + 1];
    std::fill_n(out, width, 0.0f);
    if (begin == end) continue;
    for (uint32_t token = begin; token < end; ++token) shares[token] = scores[input.tokens[token]];
    Softmax(1, static_cast<int>(end - begin), shares + begin);
    for (uint32_t token = begin; token < end; ++token) {
      AddScaled(width, shares[token], input.vectors + input.tokens[token] * width, out);
    }
  }
}

void Attention::Backward(const IndexedSequences& input, const AttentionWeights& weights, const float* out_gradient,
                         const AttentionGradients& gradients, float* vectors_gradient) {
  const size_t width = width_, units = units_, distinct = input.distinct;
  float* const by_score = scores_.get();
  const float* const shares = shares_.get();
  std::fill_n(by_score, distinct, 0.0f);
  std::fill_n(vectors_gradient, distinct * width, 0.0f);
  for (int row = 0; row < input.rows; ++row, out_gradient += width) {
    const uint32_t begin = input.offsets[row], end = input.offsets[row + 1];
    // With s the weights and g_t = dout·x_t: dscore_t = s_t·(g_t − Σ s·g).
    float mean = 0;
    for (uint32_t token = begin; token < end; ++token) {
      mean += shares[token] * Dot(width, out_gradient, input.vectors + input.tokens[token] * width);
    }
    for (uint32_t token = begin; token < end; ++token) {
      const size_t vector = input.tokens[token];
      by_score[vector] += shares[token] * (Dot(width, out_gradient, input.vectors + vector * width) - mean);
      AddScaled(width, shares[token], out_gradient, vectors_gradient + vector * width);
    }
  }
  std::fill_n(gradients.vector, units, 0.0f);
  for (size_t i = 0; i < distinct; ++i) {
    float* const activated = activated_.get() + i * units;
    AddScaled(units, by_score[i], activated, gradients.vector);
    for (size_t u = 0; u < units; ++u) {
      activated[u] = by_score[i] * weights.vector[u] * (1.0f - activated[u] * activated[u]);
    }
  }
  float* const through_scores = input_gradient_.Reserve(distinct * width);
  DenseBackward({input.distinct, width_, units_, precision_}, Activation::kLinear, input.vectors, weights.kernel,
                nullptr, activated_.get(), gradients.kernel, gradients.bias, through_scores);
  AddTo(distinct * width, through_scores, vectors_gradient);
}

}  // namespace pumasi
