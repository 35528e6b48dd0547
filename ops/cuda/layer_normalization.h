// Layer normalisation on a device: the twin of ops/layer_normalization.h.
#ifndef PUMASI_OPS_CUDA_LAYER_NORMALIZATION_H_
#define PUMASI_OPS_CUDA_LAYER_NORMALIZATION_H_

#include "ops/cuda/buffer.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// y[rows × width] from x[rows × width], gamma[width] and beta[width].
void LayerNormalizationForward(Stream* stream, size_t rows, int width, float epsilon, const float* x,
                               const float* gamma, const float* beta, float* y);

// x_gradient[rows × width] (must not be `x` or `y_gradient`), gamma_gradient and beta_gradient from y_gradient.
// `scaled` and `partial` are working memory.
void LayerNormalizationBackward(Stream* stream, size_t rows, int width, float epsilon, const float* x,
                                const float* gamma, const float* y_gradient, DeviceBuffer<float>* scaled,
                                DeviceBuffer<float>* partial, float* gamma_gradient, float* beta_gradient,
                                float* x_gradient);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_LAYER_NORMALIZATION_H_
