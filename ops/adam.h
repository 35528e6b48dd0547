// Adam (Kingma and Ba, 2015) and its variants, with the meaning of dense training at the cost of the rows that are
// touched: CatchUp makes up for any number of missed steps at once, by the sums of ops/adam_sums.h. Step t is, with
// λ the learning rate times the schedule's factor and c = √(1 − β₂ᵗ),
//
//   w -= λ·weight_decay·w                       (AdamW: Loshchilov and Hutter, 2019)
//   m = β₁·m + (1 − β₁)·g;  v = β₂·v + (1 − β₂)·g²
//   w -= λ·c / (1 − β₁ᵗ)·m / (√v + ε)           (Keras), with PyTorch's epsilon ε·c in the place of ε
//
// With amsgrad (Reddi et al., 2018) the largest v so far stands for v in the last line. Weight decay also works on rows
// that were never touched: they too are caught up, from step 0.
//
// State is float32, the arithmetic on it double: one rounding a step and value, where dense float32 Adam rounds each
// operation of each step. The catch-up is within 2^-24 of the movement it stands for, then rounded once.
#ifndef PUMASI_OPS_ADAM_H_
#define PUMASI_OPS_ADAM_H_

#include "ops/adam_sums.h"
#include "ops/decay_products.h"
#include "ops/optimizer.h"

namespace pumasi {

class Adam : public Optimizer {
 public:
  // REQUIRES: 0 <= beta_1, beta_2 < 1 and epsilon > 0.
  explicit Adam(const AdamSettings& settings);

  int slots() const override { return settings_.amsgrad ? 3 : 2; }
  std::vector<std::string> slot_names() const override;
  void MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const override;
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;
  void Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const override;

 private:
  // Of this process; names the settings in each thread's cache of sums.
  const uint64_t id_;
  const AdamSettings settings_;
  const uint64_t most_terms_;
  const DecayProducts decay_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_ADAM_H_
