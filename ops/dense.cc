#include "ops/dense.h"

#include "ops/gemm.h"
#include "ops/row_groups.h"

namespace pumasi {

void DenseForward(const DenseShape& shape, Activation activation, const float* x, const float* kernel,
                  const float* bias, float* y) {
  Gemm(shape.precision, Transpose::kNo, Transpose::kNo, shape.rows, shape.units, shape.inputs, x, shape.inputs, kernel,
       shape.units, 0, y, shape.units);
  AddBiasAndActivate(activation, shape.rows, shape.units, bias, y);
}

void DenseBackward(const DenseShape& shape, Activation activation, const float* x, const float* kernel, const float* y,
                   float* gradient, float* kernel_gradient, float* bias_gradient, float* input_gradient) {
  ActivationGradient(activation, static_cast<size_t>(shape.rows) * shape.units, y, gradient);
  Gemm(shape.precision, Transpose::kYes, Transpose::kNo, shape.inputs, shape.units, shape.rows, x, shape.inputs,
       gradient, shape.units, 0, kernel_gradient, shape.units);
  SumRows(shape.rows, shape.units, gradient, bias_gradient);
  if (input_gradient != nullptr) DenseInputGradient(shape, gradient, kernel, input_gradient);
}

void DenseInputGradient(const DenseShape& shape, const float* gradient, const float* kernel, float* input_gradient) {
  Gemm(shape.precision, Transpose::kNo, Transpose::kYes, shape.rows, shape.inputs, shape.units, gradient, shape.units,
       kernel, shape.units, 0, input_gradient, shape.inputs);
}

}  // namespace pumasi
