// One step of an optimizer as numbers that a device can use: everything that does not depend on the row is worked out
// on the host (ops/cuda/row_planner.h), once a step.
#ifndef PUMASI_OPS_CUDA_ROW_RULE_H_
#define PUMASI_OPS_CUDA_ROW_RULE_H_

#include <cstdint>
#include <limits>

namespace pumasi::cuda {

enum class RowRuleKind {
  kSgd,
  kMomentum,
  kAdagrad,
  kAdadelta,
  kRmsProp,
  kRmsPropMomentum,
  kFtrl,
  kAdam,
  kAmsgrad,
};

// The names are those of the formulas in the optimizers' headers in ops/.
struct RowRule {
  RowRuleKind kind = RowRuleKind::kSgd;
  // As in ops/prepared_gradient.h, where `prepares`.
  bool prepares = false;
  double clip = std::numeric_limits<double>::infinity();
  double l2 = 0;

  double rate = 0;  // of this step
  double momentum = 0;
  bool nesterov = false;
  double rho = 0;
  double epsilon = 0;
  double beta_1 = 0;
  double beta_2 = 0;
  double kept = 1;       // the share of the value that weight decay leaves
  double step_size = 0;  // λ·c / (1 − β₁ᵗ)
  double exponent = 0;   // FTRL's p
  double l1 = 0;
  double penalty = 0;  // 2·l2 + beta/rate
};

// Floats beside each value.
constexpr int SlotsOf(RowRuleKind kind) {
  switch (kind) {
    case RowRuleKind::kSgd:
      return 0;
    case RowRuleKind::kMomentum:
    case RowRuleKind::kAdagrad:
    case RowRuleKind::kRmsProp:
      return 1;
    case RowRuleKind::kAmsgrad:
      return 3;
    default:
      return 2;
  }
}

// What a row does in the steps that did not touch it, which depends on the first and last of them alone.
struct RowCatchUp {
  enum class Motion : int32_t {
    kNone,
    kShare,  // the value keeps the share `kept`
    kAlong,  // the value moves by factor·slot
    kSums,   // Adam by the sums of ops/adam_sums.h
    kTerms,  // likewise by the terms
  };
  static constexpr int kMoments = 12;

  Motion motion = Motion::kNone;
  int32_t slot = 0;  // kAlong: the direction; kSums and kTerms: the squared mean
  double kept = 1;
  double factor = 0;
  double centre = 1;
  double epsilon = 0;
  double after = 1;               // kTerms: times the sum
  double moments[kMoments] = {};  // kSums
  uint32_t first_term = 0, terms = 0;
  // Then slots 0 and 1 are multiplied by these; 1 leaves them.
  double decay[2] = {1, 1};
};

// Of Adam's sum: weight / (√v·decay + ε).
struct RowTerm {
  double weight = 0;
  double decay = 0;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_ROW_RULE_H_
