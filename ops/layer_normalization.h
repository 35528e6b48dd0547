// Layer normalisation: y = gamma∘(x − mean) / √(variance + epsilon) + beta over each vector, with the variance divided
// by the width (Ba, Kiros, Hinton, "Layer normalization", 2016). A plain version stands in
// ops/sequence_reference.h.
#ifndef PUMASI_OPS_LAYER_NORMALIZATION_H_
#define PUMASI_OPS_LAYER_NORMALIZATION_H_

#include <cstddef>

namespace pumasi {

// y[rows × width] from x[rows × width], gamma[width] and beta[width]. Mean and variance are summed in double.
// Thread-safe.
void LayerNormalizationForward(size_t rows, size_t width, float epsilon, const float* x, const float* gamma,
                               const float* beta, float* y);

// x_gradient[rows × width] (must not be `x` or `y_gradient`), gamma_gradient and beta_gradient from y_gradient.
// Thread-safe.
void LayerNormalizationBackward(size_t rows, size_t width, float epsilon, const float* x, const float* gamma,
                                const float* y_gradient, float* gamma_gradient, float* beta_gradient,
                                float* x_gradient);

}  // namespace pumasi

#endif  // PUMASI_OPS_LAYER_NORMALIZATION_H_
