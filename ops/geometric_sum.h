// The sum of a geometric series.
#ifndef PUMASI_OPS_GEOMETRIC_SUM_H_
#define PUMASI_OPS_GEOMETRIC_SUM_H_

#include <bit>
#include <cstdint>

namespace pumasi {

// ratio + ratio² + … + ratio^terms for 0 <= ratio < 1, by doubling: S(2n) = S(n)·(1 + ratioⁿ). Only sums of what is not
// negative, so few terms of a ratio close to 1 lose no digits, as they would in ratio·(1 − ratio^terms)/(1 − ratio).
// The error is below about min(terms, 1/(1 − ratio))·2^-52 of the sum: that of the powers.
inline double GeometricSum(double ratio, uint64_t terms) {
  double sum = 0, power = 1;  // of the leading binary digits of `terms`
  for (int digit = std::bit_width(terms) - 1; digit >= 0; --digit) {
    sum *= 1 + power;
    power *= power;
    if (terms >> digit & 1) {
      power *= ratio;
      sum += power;
    }
  }
  return sum;
}

}  // namespace pumasi

#endif  // PUMASI_OPS_GEOMETRIC_SUM_H_
