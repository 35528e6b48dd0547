// Batch normalisation: y = gamma∘(x − mean) / √(variance + epsilon) + beta, each column with its mean and variance over
// all vectors, the variance divided by their number (Ioffe, Szegedy, "Batch normalization", 2015; as Keras, whose
// running variance is the same biased one, unlike PyTorch's). A plain version stands in
// ops/batch_normalization_reference.h.
//
// "All vectors" are those of one part of a batch: what lies between parts is in no variance, and the fewer vectors a
// part has, the rougher its statistics.
#ifndef PUMASI_OPS_BATCH_NORMALIZATION_H_
#define PUMASI_OPS_BATCH_NORMALIZATION_H_

#include <cstddef>
#include <cstdint>

#include "ops/buffer.h"

namespace pumasi {

// The vectors to normalise; owns nothing.
struct CountedVectors {
  size_t count = 0;
  // vectors[count × width]
  const float* vectors = nullptr;
  // times[count]: as how many each one counts. nullptr: 1 each.
  const uint32_t* times = nullptr;
};

// Not thread-safe. Sums run over the vectors in their order, in double: the same bits whatever the instruction set.
class BatchNormalization {
 public:
  BatchNormalization(size_t width, float epsilon) : width_(width), epsilon_(epsilon) {}

  // y[count × width] with the vectors' own mean and variance, which Backward needs. Without vectors (none, or none
  // that counts) both are 0.
  void Forward(const CountedVectors& x, const float* gamma, const float* beta, float* y);
  // Of the last Forward, [width].
  const float* mean() const { return mean_.get(); }
  const float* variance() const { return variance_.get(); }
  // Whether the last Forward had vectors to take them from.
  bool has_statistics() const { return total_ > 0; }

  // After Forward of the same vectors, from y_gradient (of a vector that counts several times the sum over them):
  // gamma_gradient[width], beta_gradient[width] and x_gradient[count × width], which must not be `x` or `y_gradient`.
  void Backward(const CountedVectors& x, const float* gamma, const float* y_gradient, float* gamma_gradient,
                float* beta_gradient, float* x_gradient);

  // y[count × width] with the given mean[width] and variance[width], folded into one factor and one term a column.
  // A column whose mean is n deviations from 0 so loses log10(n) digits.
  void Infer(size_t count, const float* x, const float* gamma, const float* beta, const float* mean,
             const float* variance, float* y);

 private:
  const size_t width_;
  const float epsilon_;
  double total_ = 0;
  Buffer<double> sums_;  // [2 × width]
  Buffer<float> mean_;
  Buffer<float> variance_;
  Buffer<float> inverse_deviation_;
  Buffer<float> columns_;  // [2 × width]
};

}  // namespace pumasi

#endif  // PUMASI_OPS_BATCH_NORMALIZATION_H_
