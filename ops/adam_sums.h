// What a parameter without a gradient moves by under Adam: the part that all parameters share.
//
// After step t let a parameter have moments m and v, a = √v, and r = √β₂. While its gradient stays zero, m and v decay
// geometrically, and the steps t+1 to t+k move it by −m·F(a), where with the step sizes α (bias corrections in them)
//
//   F(a) = Σ_{j=1..k} α_{t+j}·β₁ʲ / (a·rʲ + ε).
//
// The weights w_j = α_{t+j}·β₁ʲ fall fast and rʲ slowly, so rʲ stays near its weighted mean c wherever a weight counts.
// With d = a·c + ε and y = a/d each term is (w_j/d)·1/(1 − y·(c − rʲ)), a geometric series, hence
//
//   F(a) = (1/d)·Σ_p yᵖ·M_p,   M_p = Σ_j w_j·(c − rʲ)ᵖ.
//
// It converges for every a ≥ 0 and ε alike, and the M_p depend on (t, k) alone. For β = (0.9, 0.999) the first left-out
// term is below 1e-20 of the sum. Where the two rates are so near each other that it is not small, the terms are added
// one by one.
#ifndef PUMASI_OPS_ADAM_SUMS_H_
#define PUMASI_OPS_ADAM_SUMS_H_

#include <cstdint>

namespace pumasi {

struct AdamSettings {
  double learning_rate = 0;
  double beta_1 = 0;
  double beta_2 = 0;
  double epsilon = 0;
};

// α of step t: learning_rate·√(1 − β₂ᵗ) / (1 − β₁ᵗ), given the powers.
double AdamStepSize(const AdamSettings& settings, double beta_1_power, double beta_2_power);

struct AdamSums {
  static constexpr int kMoments = 12;
  double centre = 1;
  double moments[kMoments] = {};
  // The series gives F to 2^-24 of itself. Otherwise use AdamTerms.
  bool converges = true;
};

// The sums of `terms` steps after `last`.
AdamSums MakeAdamSums(const AdamSettings& settings, uint64_t last, uint64_t terms);

// F's terms one after another, j = 1, 2, …
class AdamTerms {
 public:
  AdamTerms(const AdamSettings& settings, uint64_t last);
  // Goes to the next j.
  void Next();
  double weight() const { return weight_; }  // w_j
  double decay() const { return decay_; }    // rʲ

 private:
  const AdamSettings& settings_;
  const double root_;
  double beta_1_power_;
  double beta_2_power_;
  double beta_1_decay_ = 1;
  double decay_ = 1;
  double weight_ = 0;
};

// The number of terms after which all that follow are below 2^-24 of F for every a that a float can hold; at most 2^20,
// beyond which nothing is left out.
uint64_t AdamTermsThatCount(const AdamSettings& settings);

}  // namespace pumasi

#endif  // PUMASI_OPS_ADAM_SUMS_H_
