// Follow the regularised leader, per coordinate (McMahan et al., "Ad click prediction: a view from the trenches",
// 2013), in Keras' form. With p = −learning_rate_power and n' = n + g²:
//
//   z += g − (n'ᵖ − nᵖ)/rate·w;  w = (clip(z, −l1, l1) − z) / (n'ᵖ/rate + 2·l2 + beta/rate);  n = n'
//
// As in that paper, and in TensorFlow's updates of rows, a step leaves alone the rows that it does not touch. Dense
// tensors are touched in every step. (Keras makes a variable zero in the first step that has no gradient for it; here a
// row that was never touched keeps its initial value.)
#ifndef PUMASI_OPS_FTRL_H_
#define PUMASI_OPS_FTRL_H_

#include "ops/rate_schedule.h"
#include "ops/still_rows.h"

namespace pumasi {

struct FtrlSettings {
  double learning_rate = 0;
  double learning_rate_power = 0;
  double initial_accumulator = 0;
  double l1 = 0;
  double l2 = 0;
  double beta = 0;
  RateSchedule schedule;
};

class Ftrl : public StillRows {
 public:
  // REQUIRES: learning_rate > 0 >= learning_rate_power; the others >= 0.
  explicit Ftrl(const FtrlSettings& settings) : settings_(settings) {}

  int slots() const override { return 2; }
  std::vector<std::string> slot_names() const override { return {"accumulator", "linear"}; }
  void InitSlots(int width, float* slots) const override;
  // A step whose rate is 0 does nothing. Where the denominator is 0 (no accumulator, no penalty), w stays.
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;

 private:
  const FtrlSettings settings_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_FTRL_H_
