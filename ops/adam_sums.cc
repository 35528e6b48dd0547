#include "ops/adam_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/integer_power.h"

namespace pumasi {

double AdamStepSize(const AdamSettings& settings, double beta_1_power, double beta_2_power) {
  return settings.learning_rate * std::sqrt(1 - beta_2_power) / (1 - beta_1_power);
}

AdamTerms::AdamTerms(const AdamSettings& settings, uint64_t last)
    : settings_(settings),
      root_(std::sqrt(settings.beta_2)),
      beta_1_power_(IntegerPower(settings.beta_1, last)),
      beta_2_power_(IntegerPower(settings.beta_2, last)) {}

void AdamTerms::Next() {
  beta_1_power_ *= settings_.beta_1;
  beta_2_power_ *= settings_.beta_2;
  beta_1_decay_ *= settings_.beta_1;
  decay_ *= root_;
  weight_ = AdamStepSize(settings_, beta_1_power_, beta_2_power_) * beta_1_decay_;
}

AdamSums MakeAdamSums(const AdamSettings& settings, uint64_t last, uint64_t terms) {
  AdamSums sums;
  double total = 0, decayed = 0;
  AdamTerms first_pass(settings, last);
  for (uint64_t j = 0; j < terms; ++j) {
    first_pass.Next();
    total += first_pass.weight();
    decayed += first_pass.weight() * first_pass.decay();
  }
  if (total == 0) return sums;  // No learning rate, or no first moment: nothing moves.
  sums.centre = decayed / total;

  // What is left out: |w_j·(y·u)^P / (1 − y·u)| with u = c − rʲ and y ≤ 1/c.
  double left_out = 0;
  AdamTerms second_pass(settings, last);
  for (uint64_t j = 0; j < terms; ++j) {
    second_pass.Next();
    const double distance = sums.centre - second_pass.decay();
    double power = second_pass.weight();
    for (double& moment : sums.moments) {
      moment += power;
      power *= distance;
    }
    const double ratio = std::fabs(distance) / sums.centre;
    left_out += second_pass.weight() * IntegerPower(ratio, AdamSums::kMoments) *
                std::max(1.0, sums.centre / second_pass.decay());
  }
  constexpr double kTolerance = 1.0 / (1 << 24);
  sums.converges = left_out <= kTolerance * total;  // Not so if any of it is NaN.
  return sums;
}

uint64_t AdamTermsThatCount(const AdamSettings& settings) {
  // Against the first term, term j is largest for a ≫ ε: (β₁/r)^(j-1) times a ratio of step sizes. Where that does not
  // fall, the terms fall once a·rʲ is below ε, from a the root of the greatest float.
  constexpr double kSmall = 1.0 / (1ull << 36);
  constexpr double kGreatestRoot = 1.9e19;
  constexpr uint64_t kMost = 1 << 20;
  const double root = std::sqrt(settings.beta_2);
  const bool falls = settings.beta_1 < root;
  const double ratio = falls ? settings.beta_1 / root : settings.beta_1;
  const double limit = falls ? kSmall * (1 - ratio) : kSmall * (1 - ratio) * settings.epsilon / kGreatestRoot;
  uint64_t terms = 1;
  for (double size = 1; size > limit && terms <= kMost; ++terms) size *= ratio;
  return terms <= kMost ? terms : std::numeric_limits<uint64_t>::max();
}

}  // namespace pumasi
