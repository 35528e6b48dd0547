// Adagrad (Duchi et al., 2011) in Keras' form: a += g²; w -= rate·g / √(a + epsilon). Without a gradient nothing moves.
#ifndef PUMASI_OPS_ADAGRAD_H_
#define PUMASI_OPS_ADAGRAD_H_

#include "ops/rate_schedule.h"
#include "ops/still_rows.h"

namespace pumasi {

struct AdagradSettings {
  double learning_rate = 0;
  double initial_accumulator = 0;
  double epsilon = 0;
  RateSchedule schedule;
};

class Adagrad : public StillRows {
 public:
  explicit Adagrad(const AdagradSettings& settings) : settings_(settings) {}

  int slots() const override { return 1; }
  std::vector<std::string> slot_names() const override { return {"accumulator"}; }
  void InitSlots(int width, float* slots) const override;
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;

 private:
  const AdagradSettings settings_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_ADAGRAD_H_
