// The part that optimizers share which leave alone the rows that a step does not touch.
#ifndef PUMASI_OPS_STILL_ROWS_H_
#define PUMASI_OPS_STILL_ROWS_H_

#include <algorithm>

#include "ops/optimizer.h"

namespace pumasi {

// An optimizer, `Base` or made from it, without any catching up.
template <typename Base>
class StillRowsOf : public Base {
 public:
  using Base::Base;

  void MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const override {}
  bool still() const override { return true; }
  void Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots,
            float* out) const override {
    if (out != value) std::copy_n(value, width, out);
  }
};

using StillRows = StillRowsOf<Optimizer>;

}  // namespace pumasi

#endif  // PUMASI_OPS_STILL_ROWS_H_
