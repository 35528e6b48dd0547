// Gradient descent, plain and with momentum, in Keras' form: v = momentum·v − rate·g; w += v, or with nesterov
// w += momentum·v − rate·g. (PyTorch multiplies by the rate when it moves: the same for a rate that does not change.)
#ifndef PUMASI_OPS_SGD_H_
#define PUMASI_OPS_SGD_H_

#include "ops/rate_schedule.h"
#include "ops/still_rows.h"

namespace pumasi {

// w -= rate·g.
class Sgd : public StillRows {
 public:
  explicit Sgd(double learning_rate, const RateSchedule& schedule = {})
      : learning_rate_(learning_rate), schedule_(schedule) {}

  int slots() const override { return 0; }
  std::vector<std::string> slot_names() const override { return {}; }
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;

 private:
  const double learning_rate_;
  const RateSchedule schedule_;
};

// An untouched row glides on: after k steps by v·(momentum + … + momentum^k), once more times momentum with nesterov.
// The schedule has no part in it, as the rate is in the velocity. In closed form (ops/geometric_sum.h), exact but for
// one rounding to float32.
class Momentum : public Optimizer {
 public:
  // REQUIRES: 0 <= momentum < 1.
  Momentum(double learning_rate, double momentum, bool nesterov, const RateSchedule& schedule = {})
      : learning_rate_(learning_rate), momentum_(momentum), nesterov_(nesterov), schedule_(schedule) {}

  int slots() const override { return 1; }
  std::vector<std::string> slot_names() const override { return {"velocity"}; }
  void MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const override;
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;
  void Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const override;

 private:
  const double learning_rate_;
  const double momentum_;
  const bool nesterov_;
  const RateSchedule schedule_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_SGD_H_
