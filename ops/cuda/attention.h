// Additive attention on a device: the twin of ops/attention.h.
#ifndef PUMASI_OPS_CUDA_ATTENTION_H_
#define PUMASI_OPS_CUDA_ATTENTION_H_

#include "ops/attention.h"
#include "ops/cuda/buffer.h"
#include "ops/cuda/product.h"
#include "ops/cuda/sequence_index.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// Weights and gradients are those of ops/attention.h, with device memory. Not thread-safe.
class Attention {
 public:
  Attention(int width, int units, Precision precision) : width_(width), units_(units), precision_(precision) {}

  // out[rows × width]. Keeps what Backward needs.
  void Forward(Stream* stream, const SequenceIndex& index, const float* vectors, const AttentionWeights& weights,
               float* out);

  // From out_gradient[rows × width] after Forward with the same arguments, also vectors_gradient[distinct × width].
  void Backward(Stream* stream, SequenceIndex* index, const float* vectors, const AttentionWeights& weights,
                const float* out_gradient, const AttentionGradients& gradients, float* vectors_gradient);

 private:
  const int width_;
  const int units_;
  const Precision precision_;
  DeviceBuffer<float> activated_;       // [distinct × units], tanh(x·W + b); in Backward the gradient before it
  DeviceBuffer<float> scores_;          // [distinct]; in Backward their gradient
  DeviceBuffer<float> shares_;          // [tokens]
  DeviceBuffer<float> dots_;            // [tokens], out_gradient·x; then the gradient by the token's score
  DeviceBuffer<float> by_token_;        // [tokens × width]
  DeviceBuffer<float> input_gradient_;  // [distinct × width], what comes through the scores
  DeviceBuffer<float> by_vector_;       // [distinct × units], summands of the vector's gradient
  DeviceBuffer<float> partial_;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_ATTENTION_H_
