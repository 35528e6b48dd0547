// What a parameter without a gradient moves by under Adam: the part that all parameters share.
//
// After step t let a parameter have moments m and v, a = √v, and r = √β₂. While its gradient stays zero, m and v decay
// geometrically, and the steps t+1 to t+k move it by −m·F(a), where with weights w_j and decays q_j
//
//   F(a) = Σ_{j=1..k} w_j / (a·q_j + ε).
//
// With c_i = √(1 − β₂ⁱ) and the rate λ_i of step i (the learning rate times the schedule's factor),
//
//   Keras' epsilon:    w_j = λ_{t+j}·c_{t+j} / (1 − β₁^{t+j})·β₁ʲ,   q_j = rʲ;
//   PyTorch's epsilon: w_j = λ_{t+j} / (1 − β₁^{t+j})·β₁ʲ,           q_j = rʲ / c_{t+j};
//   AMSGrad:           a = √v̂, which stays: the same without rʲ;
//   weight decay δ:    step i first leaves the share 1 − λ_i·δ of the parameter, hence w_j times the shares of the
//   steps
//                      t+j+1 to t+k, and the parameter itself times those of t+1 to t+k.
//
// The weights w_j fall fast and q_j slowly, so q_j stays near its weighted mean c wherever a weight counts. With
// d = a·c + ε and y = a/d each term is (w_j/d)·1/(1 − y·(c − q_j)), a geometric series, hence
//
//   F(a) = (1/d)·Σ_p yᵖ·M_p,   M_p = Σ_j w_j·(c − q_j)ᵖ.
//
// It converges for every a ≥ 0 and ε alike, and the M_p depend on (t, k) alone. For β = (0.9, 0.999) the first left-out
// term is below 1e-20 of the sum. Where that is not small (the two rates near each other; the first steps under
// PyTorch's epsilon, where c_i still grows), the terms are added one by one.
#ifndef PUMASI_OPS_ADAM_SUMS_H_
#define PUMASI_OPS_ADAM_SUMS_H_

#include <cstdint>
#include <vector>

#include "ops/rate_schedule.h"

namespace pumasi {

struct AdamSettings {
  double learning_rate = 0;
  double beta_1 = 0;
  double beta_2 = 0;
  double epsilon = 0;
  bool torch_epsilon = false;
  bool amsgrad = false;
  double weight_decay = 0;
  RateSchedule schedule = {};
};

// c of step t, given β₂ᵗ.
double AdamCorrection(double beta_2_power);
// λ·c / (1 − β₁ᵗ), given the step's rate λ and the powers.
double AdamStepSize(double rate, double beta_1_power, double beta_2_power);

struct AdamTerm {
  double weight;  // w_j
  double decay;   // q_j
};

// F's first `terms` terms after step `last`, weights as if the sum ended there. kept[0], unless null: the share of the
// parameter that the weight decay of those steps leaves.
std::vector<AdamTerm> MakeAdamTerms(const AdamSettings& settings, uint64_t last, uint64_t terms, double* kept);

struct AdamSums {
  static constexpr int kMoments = 12;
  double centre = 1;
  double moments[kMoments] = {};
  double kept = 1;  // as MakeAdamTerms gives it
  // The series gives F to 2^-24 of itself. Otherwise use the terms.
  bool converges = true;
};

// The sums of `terms` steps after `last`.
AdamSums MakeAdamSums(const AdamSettings& settings, uint64_t last, uint64_t terms);

// The number of terms after which all that follow are below 2^-24 of F for every a that a float can hold; if it would
// pass 2^20, the greatest number there is.
uint64_t AdamTermsThatCount(const AdamSettings& settings);

}  // namespace pumasi

#endif  // PUMASI_OPS_ADAM_SUMS_H_
