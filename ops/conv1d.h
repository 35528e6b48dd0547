// One-dimensional convolution along sequences of different lengths: out_t = f(Σ_k x_{t+k−before}·W_k + b). A plain
// version stands in ops/sequence_reference.h.
#ifndef PUMASI_OPS_CONV1D_H_
#define PUMASI_OPS_CONV1D_H_

#include <cstdint>
#include <vector>

#include "ops/activation.h"
#include "ops/buffer.h"
#include "ops/precision.h"
#include "ops/sequences.h"

namespace pumasi {

struct Conv1dOptions {
  int width = 0;    // of the input's vectors
  int filters = 0;  // of the output's
  int kernel_size = 1;
  // Zeros around each row, (kernel_size − 1) / 2 before it and the rest after it (as Keras), so that it keeps its
  // length. Otherwise a row of n tokens becomes one of n − kernel_size + 1, and of none where it is too short.
  bool same = false;
  Activation activation = Activation::kLinear;
  Precision precision = Precision::kFloat32;  // of the products
};

// Not thread-safe. The kernel is [kernel_size·width × filters].
class Conv1d {
 public:
  explicit Conv1d(const Conv1dOptions& options) : options_(options) {}

  // The output's offsets[rows + 1]; owned here, until the next call.
  const uint32_t* Offsets(const IndexedSequences& input);

  // out[output tokens × filters], after Offsets of the same input. Keeps what Backward needs.
  void Forward(const IndexedSequences& input, const float* kernel, const float* bias, float* out);

  // From `gradient` by the output, which becomes that before the activation, after Forward with the same input:
  // kernel_gradient, bias_gradient and vectors_gradient[distinct × width].
  void Backward(const IndexedSequences& input, const float* kernel, const float* out, float* gradient,
                float* kernel_gradient, float* bias_gradient, float* vectors_gradient);

 private:
  // Calls f(output token, position in the kernel, input token) for all pairs that meet, output tokens ascending.
  template <typename F>
  void ForEachTap(const IndexedSequences& input, F f) const;
  int count() const { return static_cast<int>(offsets_.back()); }

  const Conv1dOptions options_;
  std::vector<uint32_t> offsets_;
  Buffer<float> windows_;  // [output tokens × kernel_size·width]; in Backward their gradients
};

}  // namespace pumasi

#endif  // PUMASI_OPS_CONV1D_H_
