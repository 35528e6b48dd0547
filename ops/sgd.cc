#include "ops/sgd.h"

#include <algorithm>

#include "ops/geometric_sum.h"
#include "ops/integer_power.h"
#include "ops/row_motion.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

PUMASI_VECTOR_CLONES void Push(int width, double rate, double momentum, bool nesterov, const float* __restrict gradient,
                               float* __restrict value, float* __restrict velocity) {
  for (int i = 0; i < width; ++i) {
    const double push = rate * gradient[i];
    const double v = momentum * velocity[i] - push;
    velocity[i] = static_cast<float>(v);
    value[i] = static_cast<float>(value[i] + (nesterov ? momentum * v - push : v));
  }
}

}  // namespace

void Sgd::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  MoveRow(width, -learning_rate_ * schedule_.Factor(step), value, gradient, value);
}

void Momentum::Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const {
  if (step == last || last == 0) {  // Before its first step a row has no velocity.
    if (out != value) std::copy_n(value, width, out);
    return;
  }
  const double sum = GeometricSum(momentum_, step - last);
  MoveRow(width, nesterov_ ? momentum_ * sum : sum, value, slots, out);
}

void Momentum::MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const {
  if (step == last || last == 0) return;
  ScaleRow(width, IntegerPower(momentum_, step - last), slots);
}

void Momentum::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  Push(width, learning_rate_ * schedule_.Factor(step), momentum_, nesterov_, gradient, value, slots);
}

}  // namespace pumasi
