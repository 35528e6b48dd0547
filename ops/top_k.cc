#include "ops/top_k.h"

#include <cstddef>

#include "ops/vector_clones.h"

namespace pumasi {
namespace {

PUMASI_VECTOR_CLONES uint32_t CountAbove(uint32_t count, float bound, const float* values) {
  uint32_t above = 0;
  for (uint32_t i = 0; i < count; ++i) above += values[i] > bound;
  return above;
}

PUMASI_VECTOR_CLONES uint32_t CountEqual(uint32_t count, float value, const float* values) {
  uint32_t equal = 0;
  for (uint32_t i = 0; i < count; ++i) equal += values[i] == value;
  return equal;
}

}  // namespace

uint64_t CountTopK(int rows, int classes, const int32_t* labels, uint32_t k, const float* values) {
  uint64_t within = 0;
  for (int row = 0; row < rows; ++row) {
    const float* const v = values + static_cast<size_t>(row) * classes;
    const int32_t label = labels[row];
    within += CountAbove(classes, v[label], v) + CountEqual(label, v[label], v) < k;
  }
  return within;
}

}  // namespace pumasi
