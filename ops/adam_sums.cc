#include "ops/adam_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/integer_power.h"

namespace pumasi {

double AdamCorrection(double beta_2_power) { return std::sqrt(1 - beta_2_power); }

double AdamStepSize(double rate, double beta_1_power, double beta_2_power) {
  return rate * AdamCorrection(beta_2_power) / (1 - beta_1_power);
}

std::vector<AdamTerm> MakeAdamTerms(const AdamSettings& settings, uint64_t last, uint64_t terms, double* kept) {
  std::vector<AdamTerm> out(terms);
  const double root = std::sqrt(settings.beta_2);
  double beta_1_power = IntegerPower(settings.beta_1, last), beta_2_power = IntegerPower(settings.beta_2, last);
  double beta_1_decay = 1, decay = 1;
  for (uint64_t j = 0; j < terms; ++j) {
    beta_1_power *= settings.beta_1;
    beta_2_power *= settings.beta_2;
    beta_1_decay *= settings.beta_1;
    if (!settings.amsgrad) decay *= root;
    const double rate = settings.learning_rate * settings.schedule.Factor(last + 1 + j);
    if (settings.torch_epsilon) {
      out[j] = {rate / (1 - beta_1_power) * beta_1_decay, decay / AdamCorrection(beta_2_power)};
    } else {
      out[j] = {AdamStepSize(rate, beta_1_power, beta_2_power) * beta_1_decay, decay};
    }
  }
  double share = 1;
  if (settings.weight_decay != 0) {
    for (uint64_t j = terms; j-- > 0;) {
      out[j].weight *= share;
      share *= 1 - settings.learning_rate * settings.weight_decay * settings.schedule.Factor(last + 1 + j);
    }
  }
  if (kept != nullptr) *kept = share;
  return out;
}

AdamSums MakeAdamSums(const AdamSettings& settings, uint64_t last, uint64_t terms) {
  AdamSums sums;
  const std::vector<AdamTerm> all = MakeAdamTerms(settings, last, terms, &sums.kept);
  double total = 0, decayed = 0;
  bool negative = false;
  for (const AdamTerm& term : all) {
    total += term.weight;
    decayed += term.weight * term.decay;
    negative |= term.weight < 0;
  }
  if (negative) {  // A weight decay of more than all: what follows takes no sum of such terms.
    sums.converges = false;
    return sums;
  }
  if (total == 0) return sums;  // No learning rate, or no first moment: nothing moves.
  sums.centre = decayed / total;

  // What is left out: |w_j·(y·u)^P / (1 − y·u)| with u = c − q_j and y ≤ 1/c.
  double left_out = 0;
  for (const AdamTerm& term : all) {
    const double distance = sums.centre - term.decay;
    double power = term.weight;
    for (double& moment : sums.moments) {
      moment += power;
      power *= distance;
    }
    const double ratio = std::fabs(distance) / sums.centre;
    left_out += term.weight * IntegerPower(ratio, AdamSums::kMoments) * std::max(1.0, sums.centre / term.decay);
  }
  constexpr double kTolerance = 1.0 / (1 << 24);
  sums.converges = left_out <= kTolerance * total;  // Not so if any of it is NaN.
  return sums;
}

uint64_t AdamTermsThatCount(const AdamSettings& settings) {
  // Against the first term, term j is largest for a ≫ ε: (β₁/r)^(j-1) times a ratio of step sizes, which grows at most
  // as j does, and once more so in a warm-up. (AMSGrad: r = 1.) Where that does not fall, the terms fall once a·rʲ is
  // below ε, from a the root of the greatest float. Weight decay makes later terms larger by at most 1/(1 − λ·δ) each.
  const double small = 1.0 / (settings.schedule.rises() ? 1ull << 48 : 1ull << 36);
  constexpr double kGreatestRoot = 1.9e19;
  constexpr uint64_t kMost = 1 << 20;
  const double root = settings.amsgrad ? 1 : std::sqrt(settings.beta_2);
  const double share = 1 - settings.learning_rate * settings.weight_decay;
  const double beta_1 = settings.beta_1;
  if (!(beta_1 < share)) return beta_1 == 0 ? 1 : std::numeric_limits<uint64_t>::max();
  const bool falls = beta_1 < root * share;
  const double ratio = falls ? beta_1 / (root * share) : beta_1 / share;
  const double limit = falls ? small * (1 - ratio) : small * (1 - ratio) * settings.epsilon / kGreatestRoot;
  uint64_t terms = 1;
  for (double size = 1; size > limit && terms <= kMost; ++terms) size *= ratio;
  return terms <= kMost ? terms : std::numeric_limits<uint64_t>::max();
}

}  // namespace pumasi
