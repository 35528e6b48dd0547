#include "ops/elementwise.h"

#include "ops/vector_clones.h"

namespace pumasi {

PUMASI_VECTOR_CLONES void AddTo(size_t count, const float* __restrict x, float* __restrict out) {
  for (size_t i = 0; i < count; ++i) out[i] += x[i];
}

PUMASI_VECTOR_CLONES void MultiplyBy(size_t count, const float* __restrict x, float* __restrict out) {
  for (size_t i = 0; i < count; ++i) out[i] *= x[i];
}

PUMASI_VECTOR_CLONES void Multiply(size_t count, const float* __restrict x, const float* __restrict y,
                                   float* __restrict out) {
  for (size_t i = 0; i < count; ++i) out[i] = x[i] * y[i];
}

PUMASI_VECTOR_CLONES void AddScaled(size_t count, float factor, const float* __restrict x, float* __restrict out) {
  for (size_t i = 0; i < count; ++i) out[i] += factor * x[i];
}

PUMASI_VECTOR_CLONES void Scale(size_t count, float factor, const float* x, float* out) {
#pragma GCC ivdep
  for (size_t i = 0; i < count; ++i) out[i] = factor * x[i];
}

float Dot(size_t count, const float* x, const float* y) {
  float sum = 0;
  for (size_t i = 0; i < count; ++i) sum += x[i] * y[i];
  return sum;
}

}  // namespace pumasi
