// RMSprop (Tieleman and Hinton, 2012) in Keras' form, epsilon under the root: a = rho·a + (1 − rho)·g²;
// d = rate·g / √(a + epsilon), or with momentum v = momentum·v + d; w -= d, or v.
//
// Without a gradient the mean decays, and with momentum the row glides on as in ops/sgd.h, whatever the schedule.
#ifndef PUMASI_OPS_RMSPROP_H_
#define PUMASI_OPS_RMSPROP_H_

#include "ops/optimizer.h"
#include "ops/rate_schedule.h"

namespace pumasi {

struct RmsPropSettings {
  double learning_rate = 0;
  double rho = 0;
  double momentum = 0;
  double epsilon = 0;
  RateSchedule schedule;
};

class RmsProp : public Optimizer {
 public:
  // REQUIRES: 0 <= rho, momentum < 1 and epsilon > 0.
  explicit RmsProp(const RmsPropSettings& settings) : settings_(settings) {}

  int slots() const override { return settings_.momentum > 0 ? 2 : 1; }
  std::vector<std::string> slot_names() const override;
  // In closed form, exact but for one rounding to float32.
  void MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const override;
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;
  void Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const override;

 private:
  const RmsPropSettings settings_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_RMSPROP_H_
