// Powers with a whole exponent.
#ifndef PUMASI_OPS_INTEGER_POWER_H_
#define PUMASI_OPS_INTEGER_POWER_H_

#include <cstdint>

namespace pumasi {

// base^exponent by repeated squaring. Products alone, so the bits are the same everywhere, which std::pow does not
// promise.
inline double IntegerPower(double base, uint64_t exponent) {
  double power = 1;
  for (; exponent != 0; exponent >>= 1) {
    if (exponent & 1) power *= base;
    base *= base;
  }
  return power;
}

}  // namespace pumasi

#endif  // PUMASI_OPS_INTEGER_POWER_H_
