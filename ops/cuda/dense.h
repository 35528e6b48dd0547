// A fully connected layer on a device: the twin of ops/dense.h and ops/activation.h.
#ifndef PUMASI_OPS_CUDA_DENSE_H_
#define PUMASI_OPS_CUDA_DENSE_H_

#include "ops/activation.h"
#include "ops/cuda/buffer.h"
#include "ops/cuda/product.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

struct DenseShape {
  int rows = 0;
  int inputs = 0;
  int units = 0;
};

// values[rows × width] = f(values + bias[width]), in place. NaN stays NaN.
void AddBiasAndActivate(Stream* stream, Activation activation, size_t rows, int width, const float* bias,
                        float* values);

// gradient[count] by y = f(z) becomes that by z.
void ActivationGradient(Stream* stream, Activation activation, size_t count, const float* y, float* gradient);

// y[rows × units] from x[rows × inputs], kernel[inputs × units] and bias[units].
void DenseForward(Stream* stream, Precision precision, const DenseShape& shape, Activation activation, const float* x,
                  const float* kernel, const float* bias, float* y);

// From `gradient`[rows × units] by y, which becomes the one by the value before the activation: kernel_gradient,
// bias_gradient and input_gradient[rows × inputs] (may be null: not wanted). `partial` is working memory.
void DenseBackward(Stream* stream, Precision precision, const DenseShape& shape, Activation activation, const float* x,
                   const float* kernel, const float* y, float* gradient, float* kernel_gradient, float* bias_gradient,
                   float* input_gradient, DeviceBuffer<float>* partial);

// Its last part alone: input_gradient from `gradient` by the value before the activation.
void DenseInputGradient(Stream* stream, Precision precision, const DenseShape& shape, const float* gradient,
                        const float* kernel, float* input_gradient);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_DENSE_H_
