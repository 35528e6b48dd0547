#include "tools/compare/crossing.h"

#include <cmath>

namespace pumasi {

std::optional<double> Crossing(const Pace& a, const Pace& b) {
  // (1 - sa + sa u) / ra = (1 - sb + sb u) / rb, with u = 1 / f.
  const double slopes = a.share / a.rows_per_s - b.share / b.rows_per_s;
  const double rests = (1 - b.share) / b.rows_per_s - (1 - a.share) / a.rows_per_s;
  const double inverse = rests / slopes;
  if (slopes == 0 || !std::isfinite(inverse) || inverse <= 0) return std::nullopt;
  return 1 / inverse;
}

std::optional<double> WithoutIt(const Pace& pace) {
  if (pace.share >= 1) return std::nullopt;
  return pace.rows_per_s / (1 - pace.share);
}

}  // namespace pumasi
