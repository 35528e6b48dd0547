#include "ops/adadelta.h"

#include <cmath>

#include "ops/integer_power.h"
#include "ops/row_motion.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

PUMASI_VECTOR_CLONES void ApplyRow(int width, double rate, double rho, double epsilon, const float* __restrict gradient,
                                   float* __restrict value, float* __restrict mean, float* __restrict mean_step) {
  const double rest = 1 - rho;
  for (int i = 0; i < width; ++i) {
    const double g = gradient[i];
    const double a = rho * mean[i] + rest * (g * g);
    const double u = mean_step[i];
    const double d = g * std::sqrt(u + epsilon) / std::sqrt(a + epsilon);
    mean[i] = static_cast<float>(a);
    mean_step[i] = static_cast<float>(rho * u + rest * (d * d));
    value[i] = static_cast<float>(value[i] - rate * d);
  }
}

}  // namespace

void Adadelta::MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const {
  if (step != last) ScaleRow(2 * width, IntegerPower(settings_.rho, step - last), slots);
}

void Adadelta::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  ApplyRow(width, settings_.learning_rate * settings_.schedule.Factor(step), settings_.rho, settings_.epsilon, gradient,
           value, slots, slots + width);
}

}  // namespace pumasi
