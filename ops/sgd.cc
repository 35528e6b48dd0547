#include "ops/sgd.h"

#include <algorithm>

#include "ops/vector_clones.h"

namespace pumasi {
namespace {

PUMASI_VECTOR_CLONES void Descend(int width, float learning_rate, const float* __restrict gradient,
                                  float* __restrict value) {
  for (int i = 0; i < width; ++i) value[i] -= learning_rate * gradient[i];
}

}  // namespace

void Sgd::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  Descend(width, learning_rate_, gradient, value);
}

void Sgd::Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const {
  if (out != value) std::copy_n(value, width, out);
}

}  // namespace pumasi
