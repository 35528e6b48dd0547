// Element-wise functions after a layer's product.
#ifndef PUMASI_OPS_ACTIVATION_H_
#define PUMASI_OPS_ACTIVATION_H_

#include <cstddef>

namespace pumasi {

enum class Activation { kLinear, kRelu, kTanh, kSigmoid };

// values[rows × width] = f(values + bias[width]), in place. NaN stays NaN. Thread-safe.
void AddBiasAndActivate(Activation activation, size_t rows, size_t width, const float* bias, float* values);

// gradient[count], the loss' gradient by y = f(z), becomes that by z. Each f' is a function of y: relu [y > 0], tanh 1
// − y², sigmoid y·(1 − y). Thread-safe.
void ActivationGradient(Activation activation, size_t count, const float* y, float* gradient);

}  // namespace pumasi

#endif  // PUMASI_OPS_ACTIVATION_H_
