// The optimizers' formulas, for one value of a row: those of ops/ in the same operations, in double on float32 state,
// so that a device gives the bits that the CPU gives.
#ifndef PUMASI_OPS_CUDA_ROW_FORMULAS_CU_H_
#define PUMASI_OPS_CUDA_ROW_FORMULAS_CU_H_

#include "ops/cuda/device_code.h"
// After device_code.h, which has to be first.
#include "ops/cuda/row_rule.h"

namespace pumasi::cuda {

// As ops/real_power.h.
__host__ __device__ inline double PowerOf(double base, double exponent) {
  const double whole = floor(exponent);
  double power = 1, square = base;
  for (uint64_t n = static_cast<uint64_t>(whole); n != 0; n >>= 1) {
    if (n & 1) power *= square;
    square *= square;
  }
  double root = base;
  for (double rest = exponent - whole; rest > 0;) {
    root = sqrt(root);
    rest *= 2;
    if (rest >= 1) {
      power *= root;
      rest -= 1;
    }
  }
  return power;
}

// A value and its slots, which stand a row's width apart.
struct RowValue {
  float* value;
  int width;

  __host__ __device__ float& slot(int number) const { return value[(1 + number) * width]; }
};

// ops/prepared_gradient.h.
__host__ __device__ inline float Prepared(const RowRule& rule, float gradient, float value) {
  if (!rule.prepares) return gradient;
  double g = gradient;
  g = g < -rule.clip ? -rule.clip : g;
  g = g > rule.clip ? rule.clip : g;
  return static_cast<float>(g + rule.l2 * value);
}

__host__ __device__ inline void AdamStep(const RowRule& rule, double g, bool amsgrad, const RowValue& at) {
  const double first = rule.beta_1 * at.slot(0) + (1 - rule.beta_1) * g;
  const double second = rule.beta_2 * at.slot(1) + (1 - rule.beta_2) * (g * g);
  at.slot(0) = static_cast<float>(first);
  at.slot(1) = static_cast<float>(second);
  double divisor = second;
  if (amsgrad) {
    const double before = at.slot(2);
    divisor = second <= before ? before : second;
    at.slot(2) = static_cast<float>(divisor);
  }
  *at.value = static_cast<float>(*at.value * rule.kept - rule.step_size * first / (sqrt(divisor) + rule.epsilon));
}

__host__ __device__ inline void FtrlStep(const RowRule& rule, double g, const RowValue& at) {
  if (rule.rate == 0) return;
  const auto power = [&](double n) { return rule.exponent == 0.5 ? sqrt(n) : PowerOf(n, rule.exponent); };
  const double before = power(at.slot(0));
  at.slot(0) = static_cast<float>(at.slot(0) + g * g);
  const double after = power(at.slot(0));
  const double z = at.slot(1) + g - (after - before) / rule.rate * *at.value;
  const double denominator = after / rule.rate + rule.penalty;
  at.slot(1) = static_cast<float>(z);
  const double clipped = z < -rule.l1 ? -rule.l1 : z > rule.l1 ? rule.l1 : z;
  if (denominator != 0) *at.value = static_cast<float>((clipped - z) / denominator);
}

// Applies a gradient.
__host__ __device__ inline void ApplyRule(const RowRule& rule, float gradient, const RowValue& at) {
  const double g = Prepared(rule, gradient, *at.value);
  switch (rule.kind) {
    case RowRuleKind::kSgd:
      *at.value = static_cast<float>(*at.value + -rule.rate * g);
      break;
    case RowRuleKind::kMomentum: {
      const double push = rule.rate * g;
      const double v = rule.momentum * at.slot(0) - push;
      at.slot(0) = static_cast<float>(v);
      *at.value = static_cast<float>(*at.value + (rule.nesterov ? rule.momentum * v - push : v));
      break;
    }
    case RowRuleKind::kAdagrad: {
      const double a = at.slot(0) + g * g;
      at.slot(0) = static_cast<float>(a);
      *at.value = static_cast<float>(*at.value - rule.rate * g / sqrt(a + rule.epsilon));
      break;
    }
    case RowRuleKind::kAdadelta: {
      const double a = rule.rho * at.slot(0) + (1 - rule.rho) * (g * g);
      const double u = at.slot(1);
      const double d = g * sqrt(u + rule.epsilon) / sqrt(a + rule.epsilon);
      at.slot(0) = static_cast<float>(a);
      at.slot(1) = static_cast<float>(rule.rho * u + (1 - rule.rho) * (d * d));
      *at.value = static_cast<float>(*at.value - rule.rate * d);
      break;
    }
    case RowRuleKind::kRmsProp: {
      const double a = rule.rho * at.slot(0) + (1 - rule.rho) * (g * g);
      at.slot(0) = static_cast<float>(a);
      *at.value = static_cast<float>(*at.value - rule.rate * g / sqrt(a + rule.epsilon));
      break;
    }
    case RowRuleKind::kRmsPropMomentum: {
      const double a = rule.rho * at.slot(0) + (1 - rule.rho) * (g * g);
      const double v = rule.momentum * at.slot(1) + rule.rate * g / sqrt(a + rule.epsilon);
      at.slot(0) = static_cast<float>(a);
      at.slot(1) = static_cast<float>(v);
      *at.value = static_cast<float>(*at.value - v);
      break;
    }
    case RowRuleKind::kFtrl:
      FtrlStep(rule, g, at);
      break;
    case RowRuleKind::kAdam:
      AdamStep(rule, g, false, at);
      break;
    case RowRuleKind::kAmsgrad:
      AdamStep(rule, g, true, at);
      break;
  }
}

// Makes up for the steps that did not touch the row.
__host__ __device__ inline void ApplyCatchUp(const RowCatchUp& by, const RowTerm* terms, int slots,
                                             const RowValue& at) {
  switch (by.motion) {
    case RowCatchUp::Motion::kNone:
      break;
    case RowCatchUp::Motion::kShare:
      *at.value = static_cast<float>(*at.value * by.kept);
      break;
    case RowCatchUp::Motion::kAlong:
      *at.value = static_cast<float>(*at.value + by.factor * at.slot(by.slot));
      break;
    case RowCatchUp::Motion::kSums: {
      const double root = sqrt(static_cast<double>(at.slot(by.slot)));
      const double inverse = 1 / (root * by.centre + by.epsilon);
      const double y = root * inverse;
      double series = by.moments[RowCatchUp::kMoments - 1];
      for (int p = RowCatchUp::kMoments - 2; p >= 0; --p) series = series * y + by.moments[p];
      *at.value = static_cast<float>(*at.value * by.kept - at.slot(0) * (inverse * series));
      break;
    }
    case RowCatchUp::Motion::kTerms: {
      const double root = sqrt(static_cast<double>(at.slot(by.slot)));
      double sum = 0;
      for (uint32_t j = by.first_term; j < by.first_term + by.terms; ++j) {
        sum += terms[j].weight / (root * terms[j].decay + by.epsilon);
      }
      *at.value = static_cast<float>(*at.value * by.kept - at.slot(0) * (sum * by.after));
      break;
    }
  }
  for (int slot = 0; slot < slots && slot < 2; ++slot) {
    if (by.decay[slot] != 1) at.slot(slot) = static_cast<float>(at.slot(slot) * by.decay[slot]);
  }
}

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_ROW_FORMULAS_CU_H_
