#include "scheduler/plateau.h"

#include <algorithm>

namespace pumasi {

std::optional<double> Plateau::Observe(double loss) {
  if (cooldown_ > 0) {
    --cooldown_;
    waited_ = 0;
  }
  if (loss < best_ - settings_.min_delta()) {
    best_ = loss;
    waited_ = 0;
    return std::nullopt;
  }
  if (cooldown_ > 0 || ++waited_ < settings_.patience()) return std::nullopt;
  const double lower = std::max(factor_ * settings_.factor(), settings_.floor());
  if (lower >= factor_) return std::nullopt;
  factor_ = lower;
  waited_ = 0;
  cooldown_ = settings_.cooldown();
  return factor_;
}

}  // namespace pumasi
