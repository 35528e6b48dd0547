#include "ops/ftrl.h"

#include <algorithm>
#include <cmath>

#include "ops/real_power.h"

namespace pumasi {

void Ftrl::InitSlots(int width, float* slots) const {
  std::fill_n(slots, width, static_cast<float>(settings_.initial_accumulator));
  std::fill_n(slots + width, width, 0.0f);
}

void Ftrl::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  const double rate = settings_.learning_rate * settings_.schedule.Factor(step);
  if (rate == 0) return;
  const double exponent = -settings_.learning_rate_power;
  const bool is_root = exponent == 0.5;
  const auto power = [&](double n) { return is_root ? std::sqrt(n) : RealPower(n, exponent); };
  const double l1 = settings_.l1, penalty = 2 * settings_.l2 + settings_.beta / rate;
  float* const accumulator = slots;
  float* const linear = slots + width;
  for (int i = 0; i < width; ++i) {
    const double g = gradient[i];
    const double before = power(accumulator[i]);
    // Rounded before it is used: the differences of powers have to add up to the power that divides.
    accumulator[i] = static_cast<float>(accumulator[i] + g * g);
    const double after = power(accumulator[i]);
    const double z = linear[i] + g - (after - before) / rate * value[i];
    const double denominator = after / rate + penalty;
    linear[i] = static_cast<float>(z);
    // Written so that NaN spreads.
    const double clipped = z < -l1 ? -l1 : z > l1 ? l1 : z;
    if (denominator != 0) value[i] = static_cast<float>((clipped - z) / denominator);
  }
}

}  // namespace pumasi
