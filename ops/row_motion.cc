#include "ops/row_motion.h"

#include "ops/vector_clones.h"

namespace pumasi {

PUMASI_VECTOR_CLONES void ScaleRow(int count, double factor, float* values) {
  for (int i = 0; i < count; ++i) values[i] = static_cast<float>(values[i] * factor);
}

PUMASI_VECTOR_CLONES void MoveRow(int count, double factor, const float* value, const float* direction, float* out) {
#pragma GCC ivdep
  for (int i = 0; i < count; ++i) out[i] = static_cast<float>(value[i] + factor * direction[i]);
}

}  // namespace pumasi
