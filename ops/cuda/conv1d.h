// One-dimensional convolution on a device: the twin of ops/conv1d.h.
#ifndef PUMASI_OPS_CUDA_CONV1D_H_
#define PUMASI_OPS_CUDA_CONV1D_H_

#include <vector>

#include "ops/conv1d.h"
#include "ops/cuda/buffer.h"
#include "ops/cuda/product.h"
#include "ops/cuda/sequence_index.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// Not thread-safe. The kernel is [kernel_size·width × filters].
class Conv1d {
 public:
  Conv1d(const Conv1dOptions& options, Precision precision) : options_(options), precision_(precision) {}

  // The output's rows, as tokens with vectors of their own; until the next call.
  SequenceIndex* Output(Stream* stream, const SequenceIndex& index);

  // out[output tokens × filters], after Output of the same index. Keeps what Backward needs.
  void Forward(Stream* stream, const SequenceIndex& index, const float* vectors, const float* kernel, const float* bias,
               float* out);

  // From `gradient` by the output, which becomes that before the activation, after Forward with the same arguments:
  // kernel_gradient, bias_gradient and vectors_gradient[distinct × width].
  void Backward(Stream* stream, SequenceIndex* index, const float* kernel, const float* out, float* gradient,
                float* kernel_gradient, float* bias_gradient, float* vectors_gradient);

 private:
  const Conv1dOptions options_;
  const Precision precision_;
  SequenceIndex output_;
  DeviceBuffer<float> windows_;   // [output tokens × kernel_size·width]; in Backward their gradients
  DeviceBuffer<float> by_token_;  // [tokens × width]
  DeviceBuffer<float> partial_;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_CONV1D_H_
