#include "ops/moving_average.h"

#include <algorithm>

namespace pumasi {

void MovingAverage::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  for (int i = 0; i < width; ++i) {
    value[i] = static_cast<float>(momentum_ * value[i] + (1 - momentum_) * gradient[i]);
  }
}

void MovingAverage::Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots,
                         float* out) const {
  if (out != value) std::copy_n(value, width, out);
}

}  // namespace pumasi
