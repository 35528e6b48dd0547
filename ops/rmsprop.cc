#include "ops/rmsprop.h"

#include <algorithm>
#include <cmath>

#include "ops/geometric_sum.h"
#include "ops/integer_power.h"
#include "ops/row_motion.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

PUMASI_VECTOR_CLONES void ApplyPlain(int width, double rate, double rho, double epsilon,
                                     const float* __restrict gradient, float* __restrict value,
                                     float* __restrict mean) {
  for (int i = 0; i < width; ++i) {
    const double g = gradient[i];
    const double a = rho * mean[i] + (1 - rho) * (g * g);
    mean[i] = static_cast<float>(a);
    value[i] = static_cast<float>(value[i] - rate * g / std::sqrt(a + epsilon));
  }
}

PUMASI_VECTOR_CLONES void ApplyWithMomentum(int width, double rate, double rho, double momentum, double epsilon,
                                            const float* __restrict gradient, float* __restrict value,
                                            float* __restrict mean, float* __restrict velocity) {
  for (int i = 0; i < width; ++i) {
    const double g = gradient[i];
    const double a = rho * mean[i] + (1 - rho) * (g * g);
    const double v = momentum * velocity[i] + rate * g / std::sqrt(a + epsilon);
    mean[i] = static_cast<float>(a);
    velocity[i] = static_cast<float>(v);
    value[i] = static_cast<float>(value[i] - v);
  }
}

}  // namespace

std::vector<std::string> RmsProp::slot_names() const {
  if (settings_.momentum > 0) return {"mean_square", "velocity"};
  return {"mean_square"};
}

void RmsProp::Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const {
  if (step == last || last == 0 || settings_.momentum == 0) {
    if (out != value) std::copy_n(value, width, out);
    return;
  }
  MoveRow(width, -GeometricSum(settings_.momentum, step - last), value, slots + width, out);
}

void RmsProp::MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const {
  if (step == last || last == 0) return;
  ScaleRow(width, IntegerPower(settings_.rho, step - last), slots);
  if (settings_.momentum > 0) ScaleRow(width, IntegerPower(settings_.momentum, step - last), slots + width);
}

void RmsProp::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  const double rate = settings_.learning_rate * settings_.schedule.Factor(step);
  if (settings_.momentum > 0) {
    ApplyWithMomentum(width, rate, settings_.rho, settings_.momentum, settings_.epsilon, gradient, value, slots,
                      slots + width);
  } else {
    ApplyPlain(width, rate, settings_.rho, settings_.epsilon, gradient, value, slots);
  }
}

}  // namespace pumasi
