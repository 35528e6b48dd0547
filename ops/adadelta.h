// Adadelta (Zeiler, 2012) in Keras' and PyTorch's form: a = rho·a + (1 − rho)·g²; d = g·√(u + epsilon) / √(a +
// epsilon); u = rho·u + (1 − rho)·d²; w -= rate·d. Without a gradient d is 0: both means decay and the value stays.
#ifndef PUMASI_OPS_ADADELTA_H_
#define PUMASI_OPS_ADADELTA_H_

#include "ops/rate_schedule.h"
#include "ops/still_rows.h"

namespace pumasi {

struct AdadeltaSettings {
  double learning_rate = 0;
  double rho = 0;
  double epsilon = 0;
  RateSchedule schedule;
};

class Adadelta : public StillRows {
 public:
  explicit Adadelta(const AdadeltaSettings& settings) : settings_(settings) {}

  int slots() const override { return 2; }
  std::vector<std::string> slot_names() const override { return {"mean_square", "mean_square_step"}; }
  // Exact but for one rounding to float32.
  void MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const override;
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;

 private:
  const AdadeltaSettings settings_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_ADADELTA_H_
