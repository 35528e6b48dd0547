// Batch normalisation on a device: the twin of ops/batch_normalization.h.
#ifndef PUMASI_OPS_CUDA_BATCH_NORMALIZATION_H_
#define PUMASI_OPS_CUDA_BATCH_NORMALIZATION_H_

#include <cstdint>

#include "ops/cuda/buffer.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// The vectors to normalise: vectors[count × width], and as how many each counts (null: 1 each; otherwise times[count]
// on the device and their sum `total`).
struct CountedVectors {
  size_t count = 0;
  const float* vectors = nullptr;
  const uint32_t* times = nullptr;
  double total = 0;
};

// Not thread-safe. Sums are in double, in pieces of 64 vectors.
class BatchNormalization {
 public:
  BatchNormalization(int width, float epsilon) : width_(width), epsilon_(epsilon) {}

  // y[count × width] with the vectors' own mean and variance.
  void Forward(Stream* stream, const CountedVectors& x, const float* gamma, const float* beta, float* y);
  // Of the last Forward, [width].
  const float* mean() const { return moments_.get(); }
  const float* variance() const { return moments_.get() + width_; }

  // After Forward of the same vectors: gamma_gradient[width], beta_gradient[width] and x_gradient[count × width], which
  // must not be `x` or `y_gradient`.
  void Backward(Stream* stream, const CountedVectors& x, const float* gamma, const float* y_gradient,
                float* gamma_gradient, float* beta_gradient, float* x_gradient);

  // y[count × width] with the given mean[width] and variance[width].
  void Infer(Stream* stream, size_t count, const float* x, const float* gamma, const float* beta, const float* mean,
             const float* variance, float* y);

 private:
  const int width_;
  const float epsilon_;
  DeviceBuffer<float> moments_;   // [3 × width]: mean, variance, 1/deviation
  DeviceBuffer<double> partial_;  // [pieces × 2·width]
  DeviceBuffer<double> sums_;     // [2 × width]
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_BATCH_NORMALIZATION_H_
