// Powers with any exponent, from exactly rounded operations alone.
#ifndef PUMASI_OPS_REAL_POWER_H_
#define PUMASI_OPS_REAL_POWER_H_

#include <cmath>
#include <cstdint>

#include "ops/integer_power.h"

namespace pumasi {

// base^exponent for base >= 0 and 0 <= exponent < 2^63, to about 1e-14 of itself: the whole part by squaring, the rest
// by square roots, one for each binary digit. The bits are the same on every machine, which std::pow does not promise.
inline double RealPower(double base, double exponent) {
  const double whole = std::floor(exponent);
  double power = IntegerPower(base, static_cast<uint64_t>(whole));
  double root = base;
  for (double rest = exponent - whole; rest > 0;) {
    root = std::sqrt(root);
    rest *= 2;
    if (rest >= 1) {
      power *= root;
      rest -= 1;
    }
  }
  return power;
}

}  // namespace pumasi

#endif  // PUMASI_OPS_REAL_POWER_H_
