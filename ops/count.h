// Counting in place of training (proto/optimizer.proto, Count): w += g.
#ifndef PUMASI_OPS_COUNT_H_
#define PUMASI_OPS_COUNT_H_

#include "ops/still_rows.h"

namespace pumasi {

// Whole numbers below 2^24 in size add up exactly, in any order.
class Count : public StillRows {
 public:
  int slots() const override { return 0; }
  std::vector<std::string> slot_names() const override { return {}; }
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_COUNT_H_
