// The dense layer as its formula reads, in any floating-point type: what ops/dense.h is held against.
#ifndef PUMASI_OPS_DENSE_REFERENCE_H_
#define PUMASI_OPS_DENSE_REFERENCE_H_

#include <cmath>
#include <cstddef>
#include <vector>

#include "ops/activation.h"

namespace pumasi::reference {

template <typename T>
T Activate(Activation activation, T z) {
  switch (activation) {
    case Activation::kRelu:
      return z > 0 ? z : T(0);
    case Activation::kTanh:
      return std::tanh(z);
    case Activation::kSigmoid:
      return T(1) / (T(1) + std::exp(-z));
    default:
      return z;
  }
}

// f'(z)
template <typename T>
T Slope(Activation activation, T z) {
  const T y = Activate(activation, z);
  switch (activation) {
    case Activation::kRelu:
      return z > 0 ? T(1) : T(0);
    case Activation::kTanh:
      return 1 - y * y;
    case Activation::kSigmoid:
      return y * (1 - y);
    default:
      return T(1);
  }
}

template <typename T>
struct Dense {
  size_t rows, inputs, units;
  Activation activation;
  std::vector<T> kernel, bias;

  T Before(const std::vector<T>& x, size_t row, size_t unit) const {
    T z = bias[unit];
    for (size_t i = 0; i < inputs; ++i) z += x[row * inputs + i] * kernel[i * units + unit];
    return z;
  }

  std::vector<T> Forward(const std::vector<T>& x) const {
    std::vector<T> y(rows * units);
    for (size_t r = 0; r < rows; ++r) {
      for (size_t u = 0; u < units; ++u) y[r * units + u] = Activate(activation, Before(x, r, u));
    }
    return y;
  }

  // Adds to kernel_gradient, bias_gradient and x_gradient, which start as zeros.
  void Backward(const std::vector<T>& x, const std::vector<T>& y_gradient, std::vector<T>* kernel_gradient,
                std::vector<T>* bias_gradient, std::vector<T>* x_gradient) const {
    for (size_t r = 0; r < rows; ++r) {
      for (size_t u = 0; u < units; ++u) {
        const T dz = y_gradient[r * units + u] * Slope(activation, Before(x, r, u));
        (*bias_gradient)[u] += dz;
        for (size_t i = 0; i < inputs; ++i) {
          (*kernel_gradient)[i * units + u] += x[r * inputs + i] * dz;
          (*x_gradient)[r * inputs + i] += kernel[i * units + u] * dz;
        }
      }
    }
  }
};

}  // namespace pumasi::reference

#endif  // PUMASI_OPS_DENSE_REFERENCE_H_
