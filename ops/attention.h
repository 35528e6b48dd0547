// Additive attention without a query (Bahdanau, Cho, Bengio, "Neural machine translation by jointly learning to align
// and translate", 2014): score_t = v·tanh(x_t·W + b), weights = softmax of a row's scores, out = Σ_t weight_t·x_t. A
// row without tokens gives zeros. A plain version stands in ops/sequence_reference.h.
#ifndef PUMASI_OPS_ATTENTION_H_
#define PUMASI_OPS_ATTENTION_H_

#include "ops/buffer.h"
#include "ops/precision.h"
#include "ops/sequences.h"

namespace pumasi {

// kernel[width × units], bias[units], vector[units]; for gradients, too.
struct AttentionWeights {
  const float* kernel = nullptr;
  const float* bias = nullptr;
  const float* vector = nullptr;
};
struct AttentionGradients {
  float* kernel = nullptr;
  float* bias = nullptr;
  float* vector = nullptr;
};

// Scores are made once for each distinct vector. Not thread-safe.
class Attention {
 public:
  // `precision` is that of the products with W.
  Attention(int width, int units, Precision precision = Precision::kFloat32)
      : width_(width), units_(units), precision_(precision) {}

  // out[rows × width]. Keeps what Backward needs.
  void Forward(const IndexedSequences& input, const AttentionWeights& weights, float* out);

  // From out_gradient[rows × width] after Forward with the same arguments, also vectors_gradient[distinct × width].
  void Backward(const IndexedSequences& input, const AttentionWeights& weights, const float* out_gradient,
                const AttentionGradients& gradients, float* vectors_gradient);

 private:
  const int width_;
  const int units_;
  const Precision precision_;
  Buffer<float> activated_;       // [distinct × units], tanh(x·W + b); in Backward the gradient before it
  Buffer<float> scores_;          // [distinct]; in Backward their gradient
  Buffer<float> shares_;          // [tokens]
  Buffer<float> input_gradient_;  // [distinct × width], what comes through the scores
};

}  // namespace pumasi

#endif  // PUMASI_OPS_ATTENTION_H_
