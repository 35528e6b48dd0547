#include "ops/wire/bf16_values.h"

#include <algorithm>
#include <cstring>

#include "ops/product/bf16.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

PUMASI_INLINE float Clamped(float x) {
  constexpr int32_t kInfinity = 0x7f800000;
  const auto bits = __builtin_bit_cast(uint32_t, x);
  const auto magnitude = static_cast<int32_t>(bits & 0x7fffffffu);
  const int32_t clamped = magnitude < kInfinity ? std::min(magnitude, kLargestBf16) : magnitude;
  return __builtin_bit_cast(float, (bits & 0x80000000u) | static_cast<uint32_t>(clamped));
}

}  // namespace

PUMASI_VECTOR_CLONES void NarrowToBf16(size_t count, const float* __restrict values, uint16_t* __restrict out) {
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<uint16_t>(RoundedToBf16(Clamped(values[i])) >> 16);
}

PUMASI_VECTOR_CLONES void WidenBf16(size_t count, const char* __restrict bytes, float* __restrict out) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t upper;
    std::memcpy(&upper, bytes + i * sizeof upper, sizeof upper);
    out[i] = __builtin_bit_cast(float, static_cast<uint32_t>(upper) << 16);
  }
}

}  // namespace pumasi
