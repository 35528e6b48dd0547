#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/dense.h"
#include "ops/cuda/row_groups.h"
#include "ops/math.h"

namespace pumasi::cuda {
namespace {

struct Activate {
  Activation activation;
  int width;
  const float* bias;
  float* values;

  __device__ void operator()(size_t row, int column) const {
    float& value = values[row * width + column];
    const float z = value + bias[column];
    switch (activation) {
      case Activation::kLinear:
        value = z;
        break;
      case Activation::kRelu:
        value = z < 0.0f ? 0.0f : z;
        break;
      case Activation::kTanh:
        value = Tanh(z);
        break;
      case Activation::kSigmoid:
        value = Sigmoid(z);
        break;
    }
  }
};

struct Slope {
  Activation activation;
  const float* y;
  float* gradient;

  __device__ void operator()(size_t i) const {
    switch (activation) {
      case Activation::kLinear:
        break;
      case Activation::kRelu:
        gradient[i] = y[i] > 0.0f ? gradient[i] : 0.0f;
        break;
      case Activation::kTanh:
        gradient[i] *= 1.0f - y[i] * y[i];
        break;
      case Activation::kSigmoid:
        gradient[i] *= y[i] * (1.0f - y[i]);
        break;
    }
  }
};

}  // namespace

void AddBiasAndActivate(Stream* stream, Activation activation, size_t rows, int width, const float* bias,
                        float* values) {
  ForEachInRows(stream, rows, width, Activate{activation, width, bias, values});
}

void ActivationGradient(Stream* stream, Activation activation, size_t count, const float* y, float* gradient) {
  if (activation != Activation::kLinear) ForEach(stream, count, Slope{activation, y, gradient});
}

void DenseForward(Stream* stream, Precision precision, const DenseShape& shape, Activation activation, const float* x,
                  const float* kernel, const float* bias, float* y) {
  Product(stream, precision, Transposed::kNo, Transposed::kNo, shape.rows, shape.units, shape.inputs, x, shape.inputs,
          kernel, shape.units, 0, y, shape.units);
  AddBiasAndActivate(stream, activation, shape.rows, shape.units, bias, y);
}

void DenseBackward(Stream* stream, Precision precision, const DenseShape& shape, Activation activation, const float* x,
                   const float* kernel, const float* y, float* gradient, float* kernel_gradient, float* bias_gradient,
                   float* input_gradient, DeviceBuffer<float>* partial) {
  ActivationGradient(stream, activation, static_cast<size_t>(shape.rows) * shape.units, y, gradient);
  Product(stream, precision, Transposed::kYes, Transposed::kNo, shape.inputs, shape.units, shape.rows, x, shape.inputs,
          gradient, shape.units, 0, kernel_gradient, shape.units);
  SumRows(stream, shape.rows, shape.units, gradient, partial, bias_gradient);
  if (input_gradient != nullptr) DenseInputGradient(stream, precision, shape, gradient, kernel, input_gradient);
}

void DenseInputGradient(Stream* stream, Precision precision, const DenseShape& shape, const float* gradient,
                        const float* kernel, float* input_gradient) {
  Product(stream, precision, Transposed::kNo, Transposed::kYes, shape.rows, shape.inputs, shape.units, gradient,
          shape.units, kernel, shape.units, 0, input_gradient, shape.inputs);
}

}  // namespace pumasi::cuda
