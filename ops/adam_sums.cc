#include "ops/adam_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/integer_power.h"
#include "ops/vector_clones.h"

namespace pumasi {

namespace {

// Terms whose powers fit the nearest cache.
constexpr int kBlock = 64;

// AdamTerm's two apart, for loops over vectors.
struct Terms {
  std::vector<double> weights, decays;
  double kept = 1;
};

// weights[j]: β₁ʲ, becomes w_j; decays[j]: β₂'s part, becomes q_j.
PUMASI_VECTOR_CLONES void MakeWeights(size_t count, bool torch_epsilon, const double* __restrict rates,
                                      const double* __restrict beta_1_powers, const double* __restrict beta_2_powers,
                                      double* __restrict weights, double* __restrict decays) {
  if (torch_epsilon) {
    for (size_t j = 0; j < count; ++j) {
      weights[j] = rates[j] / (1 - beta_1_powers[j]) * weights[j];
      decays[j] = decays[j] / std::sqrt(1 - beta_2_powers[j]);
    }
    return;
  }
  for (size_t j = 0; j < count; ++j) {
    weights[j] = rates[j] * std::sqrt(1 - beta_2_powers[j]) / (1 - beta_1_powers[j]) * weights[j];
  }
}

Terms MakeTerms(const AdamSettings& settings, uint64_t last, uint64_t count) {
  Terms terms = {std::vector<double>(count), std::vector<double>(count)};
  std::vector<double> rates(count, settings.learning_rate), beta_1_powers(count), beta_2_powers(count);
  const double root = std::sqrt(settings.beta_2);
  double beta_1_power = IntegerPower(settings.beta_1, last), beta_2_power = IntegerPower(settings.beta_2, last);
  double beta_1_decay = 1, decay = 1;
  for (uint64_t j = 0; j < count; ++j) {
    beta_1_powers[j] = beta_1_power *= settings.beta_1;
    beta_2_powers[j] = beta_2_power *= settings.beta_2;
    terms.weights[j] = beta_1_decay *= settings.beta_1;
    if (!settings.amsgrad) decay *= root;
    terms.decays[j] = decay;
  }
  if (!settings.schedule.always_one()) {
    for (uint64_t j = 0; j < count; ++j) rates[j] *= settings.schedule.Factor(last + 1 + j);
  }
  MakeWeights(count, settings.torch_epsilon, rates.data(), beta_1_powers.data(), beta_2_powers.data(),
              terms.weights.data(), terms.decays.data());
  if (settings.weight_decay != 0) {
    for (uint64_t j = count; j-- > 0;) {
      terms.weights[j] *= terms.kept;
      terms.kept *= 1 - settings.learning_rate * settings.weight_decay * settings.schedule.Factor(last + 1 + j);
    }
  }
  return terms;
}

// Adds up to kBlock terms to the moments, each in its turn: the bits do not depend on how wide vectors are.
PUMASI_VECTOR_CLONES void AddMoments(size_t count, double centre, const double* __restrict weights,
                                     const double* __restrict decays, double* __restrict moments) {
  constexpr int kMoments = AdamSums::kMoments;
  double distances[kBlock], powers[kMoments][kBlock];
  for (size_t j = 0; j < count; ++j) distances[j] = centre - decays[j];
  for (size_t j = 0; j < count; ++j) powers[0][j] = weights[j];
  for (int p = 1; p < kMoments; ++p) {
    for (size_t j = 0; j < count; ++j) powers[p][j] = powers[p - 1][j] * distances[j];
  }
  for (size_t j = 0; j < count; ++j) {
    for (int p = 0; p < kMoments; ++p) moments[p] += powers[p][j];
  }
}

}  // namespace

double AdamCorrection(double beta_2_power) { return std::sqrt(1 - beta_2_power); }

double AdamStepSize(double rate, double beta_1_power, double beta_2_power) {
  return rate * AdamCorrection(beta_2_power) / (1 - beta_1_power);
}

std::vector<AdamTerm> MakeAdamTerms(const AdamSettings& settings, uint64_t last, uint64_t terms, double* kept) {
  const Terms made = MakeTerms(settings, last, terms);
  std::vector<AdamTerm> out(terms);
  for (uint64_t j = 0; j < terms; ++j) out[j] = {made.weights[j], made.decays[j]};
  if (kept != nullptr) *kept = made.kept;
  return out;
}

AdamSums MakeAdamSums(const AdamSettings& settings, uint64_t last, uint64_t terms) {
  AdamSums sums;
  const Terms all = MakeTerms(settings, last, terms);
  sums.kept = all.kept;
  double total = 0, decayed = 0, least = std::numeric_limits<double>::infinity(), most = 0;
  bool negative = false;
  for (size_t j = 0; j < terms; ++j) {
    const double weight = all.weights[j], decay = all.decays[j];
    total += weight;
    decayed += weight * decay;
    least = std::min(least, decay);
    most = std::max(most, decay);
    negative |= weight < 0;
  }
  if (negative) {  // A weight decay of more than all: what follows takes no sum of such terms.
    sums.converges = false;
    return sums;
  }
  if (total == 0) return sums;  // No learning rate, or no first moment: nothing moves.
  sums.centre = decayed / total;
  for (size_t begin = 0; begin < terms; begin += kBlock) {
    AddMoments(std::min<size_t>(kBlock, terms - begin), sums.centre, &all.weights[begin], &all.decays[begin],
               sums.moments);
  }

  // What is left out: |w_j·(y·u)^P / (1 − y·u)| with u = c − q_j and y ≤ 1/c.
  constexpr double kTolerance = 1.0 / (1 << 24);
  const auto power = [&](double decay) {
    return IntegerPower(std::fabs(sums.centre - decay) / sums.centre, AdamSums::kMoments);
  };
  const auto rest = [&](double decay) { return std::max(1.0, sums.centre / decay); };
  // Most often the terms need not be looked at: even with the largest factors of any of them it is small enough, and
  // twice that is more than rounding can add.
  if (std::isfinite(total) && 2 * std::max(power(least), power(most)) * rest(least) <= kTolerance) return sums;
  double left_out = 0;
  for (size_t j = 0; j < terms; ++j) left_out += all.weights[j] * power(all.decays[j]) * rest(all.decays[j]);
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
