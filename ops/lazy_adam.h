// Adam that leaves alone the rows that a step does not touch: moments neither decay nor move the row until its next
// gradient. The bias correction counts all steps of the job. Dense tensors see plain Adam.
#ifndef PUMASI_OPS_LAZY_ADAM_H_
#define PUMASI_OPS_LAZY_ADAM_H_

#include <algorithm>

#include "ops/adam.h"

namespace pumasi {

class LazyAdam : public Adam {
 public:
  using Adam::Adam;

  void CatchUp(uint64_t last, uint64_t step, int width, float* value, float* slots) const override {}
  void Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots,
            float* out) const override {
    if (out != value) std::copy_n(value, width, out);
  }
};

}  // namespace pumasi

#endif  // PUMASI_OPS_LAZY_ADAM_H_
