#include "ops/adagrad.h"

#include <algorithm>
#include <cmath>

#include "ops/vector_clones.h"

namespace pumasi {
namespace {

PUMASI_VECTOR_CLONES void ApplyRow(int width, double rate, double epsilon, const float* __restrict gradient,
                                   float* __restrict value, float* __restrict accumulator) {
  for (int i = 0; i < width; ++i) {
    const double g = gradient[i];
    const double a = accumulator[i] + g * g;
    accumulator[i] = static_cast<float>(a);
    value[i] = static_cast<float>(value[i] - rate * g / std::sqrt(a + epsilon));
  }
}

}  // namespace

void Adagrad::InitSlots(int width, float* slots) const {
  std::fill_n(slots, width, static_cast<float>(settings_.initial_accumulator));
}

void Adagrad::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  ApplyRow(width, settings_.learning_rate * settings_.schedule.Factor(step), settings_.epsilon, gradient, value, slots);
}

}  // namespace pumasi
