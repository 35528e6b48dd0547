// How statistics change: value = momentum·value + (1 − momentum)·gradient, in double (proto/table.proto,
// TableSpec.Update.MOVING_AVERAGE).
#ifndef PUMASI_OPS_MOVING_AVERAGE_H_
#define PUMASI_OPS_MOVING_AVERAGE_H_

#include <string>
#include <utility>
#include <vector>

#include "ops/optimizer.h"

namespace pumasi {

// Every step changes all values; a step without a gradient leaves them alone. Has the slots of the job's optimizer,
// which stay zero, so that all tables are stored alike.
class MovingAverage : public Optimizer {
 public:
  MovingAverage(double momentum, std::vector<std::string> slot_names)
      : momentum_(momentum), slot_names_(std::move(slot_names)) {}

  int slots() const override { return static_cast<int>(slot_names_.size()); }
  std::vector<std::string> slot_names() const override { return slot_names_; }
  void MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const override {}
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;
  void Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const override;

 private:
  const double momentum_;
  const std::vector<std::string> slot_names_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_MOVING_AVERAGE_H_
