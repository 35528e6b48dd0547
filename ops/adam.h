// Adam (Kingma and Ba, 2015) in Keras' form (proto/job.proto), with the meaning of dense Adam at the cost of the rows
// that are touched: CatchUp makes up for any number of missed steps at once, by the sums of ops/adam_sums.h.
//
// State is float32, the arithmetic on it double: one rounding a step and value, where dense float32 Adam rounds each
// operation of each step.
#ifndef PUMASI_OPS_ADAM_H_
#define PUMASI_OPS_ADAM_H_

#include "ops/adam_sums.h"
#include "ops/optimizer.h"

namespace pumasi {

class Adam : public Optimizer {
 public:
  // REQUIRES: 0 <= beta_1, beta_2 < 1 and epsilon > 0.
  explicit Adam(const AdamSettings& settings);

  int slots() const override { return 2; }
  std::vector<std::string> slot_names() const override { return {"m", "v"}; }
  void CatchUp(uint64_t last, uint64_t step, int width, float* value, float* slots) const override;
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;
  void Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const override;

 private:
  // Of this process; names the settings in each thread's cache of sums.
  const uint64_t id_;
  const AdamSettings settings_;
  const uint64_t most_terms_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_ADAM_H_
