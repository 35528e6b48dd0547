// Comparison of a float32 result with one in double.
#ifndef PUMASI_TESTS_OPS_SAME_NUMBERS_H_
#define PUMASI_TESTS_OPS_SAME_NUMBERS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace pumasi {

// The largest difference, relative to the largest magnitude in `want` (or to 1e-30 where all is zero); infinity where
// sizes differ or a number is NaN.
template <typename Have>
double Difference(const Have& have, const std::vector<double>& want) {
  if (static_cast<size_t>(have.size()) != want.size()) return INFINITY;
  double magnitude = 1e-30, difference = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    magnitude = std::max(magnitude, std::fabs(want[i]));
    const double here = std::fabs(static_cast<double>(have[i]) - want[i]);
    if (std::isnan(here)) return INFINITY;
    difference = std::max(difference, here);
  }
  return difference / magnitude;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_OPS_SAME_NUMBERS_H_
