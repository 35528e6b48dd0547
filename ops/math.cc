#include "ops/math.h"

namespace pumasi {

PUMASI_VECTOR_CLONES void ExpOf(size_t count, const float* x, float* out) {
#pragma GCC ivdep
  for (size_t i = 0; i < count; ++i) out[i] = Exp(x[i]);
}

PUMASI_VECTOR_CLONES void SigmoidOf(size_t count, const float* x, float* out) {
#pragma GCC ivdep
  for (size_t i = 0; i < count; ++i) out[i] = Sigmoid(x[i]);
}

PUMASI_VECTOR_CLONES void TanhOf(size_t count, const float* x, float* out) {
#pragma GCC ivdep
  for (size_t i = 0; i < count; ++i) out[i] = Tanh(x[i]);
}

}  // namespace pumasi
