// A fully connected layer: y = f(x·W + b). A plain version stands in ops/dense_reference.h.
#ifndef PUMASI_OPS_DENSE_H_
#define PUMASI_OPS_DENSE_H_

#include "ops/activation.h"
#include "ops/precision.h"

namespace pumasi {

struct DenseShape {
  int rows = 0;
  int inputs = 0;
  int units = 0;
  // Of the products; everything else is float32.
  Precision precision = Precision::kFloat32;
};

// y[rows × units] from x[rows × inputs], kernel[inputs × units] and bias[units]. Thread-safe.
void DenseForward(const DenseShape& shape, Activation activation, const float* x, const float* kernel,
                  const float* bias, float* y);

// From `gradient`[rows × units], the loss' gradient by y, which becomes the one by the value before the activation:
// kernel_gradient, bias_gradient and input_gradient[rows × inputs] (may be null: not wanted). Thread-safe.
void DenseBackward(const DenseShape& shape, Activation activation, const float* x, const float* kernel, const float* y,
                   float* gradient, float* kernel_gradient, float* bias_gradient, float* input_gradient);

// Its last part alone: input_gradient from `gradient` by the value before the activation. Thread-safe.
void DenseInputGradient(const DenseShape& shape, const float* gradient, const float* kernel, float* input_gradient);

}  // namespace pumasi

#endif  // PUMASI_OPS_DENSE_H_
