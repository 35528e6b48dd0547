#include "ops/wire/fp16_values.h"

#include <algorithm>
#include <cstring>

#include "ops/fp16.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

constexpr uint32_t kMagnitude = 0x7fffffff, kInfinity = 0x7f800000;
// Between the exponents' biases.
constexpr uint32_t kBias = uint32_t{127 - 15} << 23;

PUMASI_INLINE uint32_t BitsOf(float x) { return __builtin_bit_cast(uint32_t, x); }
PUMASI_INLINE float FloatOf(uint32_t bits) { return __builtin_bit_cast(float, bits); }

// Values of which the halves are words first: to make them narrow at once keeps the compiler from vectors.
constexpr size_t kTile = 128;

PUMASI_VECTOR_CLONES void NarrowTile(const Fp16Scale& scale, size_t count, const float* __restrict values,
                                     uint16_t* __restrict out) {
  const Fp16Scale by = scale;
  uint32_t halves[kTile];
  for (size_t i = 0; i < count; ++i) {
    const uint32_t bits = BitsOf(values[i]), magnitude = bits & kMagnitude;
    const bool finite = static_cast<int32_t>(magnitude) < static_cast<int32_t>(kInfinity);
    const float stored = std::min(by.Stored(FloatOf(finite ? magnitude : 0)), by.most);
    const uint32_t exact = BitsOf(stored);
    const uint32_t normal = (exact + 0xfff + (exact >> 13 & 1)) & ~0x1fffu;
    const float top = std::min(FloatOf(normal), by.most);
    // The addition rounds to a whole number of steps.
    const float steps = (std::min(stored / kFp16Step, 2048.0f) + 0x1p23f) - 0x1p23f;
    const auto small = static_cast<uint32_t>(static_cast<int32_t>(steps));
    const uint32_t large = (BitsOf(top) - kBias) >> 13;
    const bool nan = static_cast<int32_t>(magnitude) > static_cast<int32_t>(kInfinity);
    const uint32_t half = stored < kFp16Normal ? small : large;
    halves[i] = (bits >> 16 & 0x8000u) | (finite ? half : nan ? 0x7e00u : 0x7c00u);
  }
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<uint16_t>(halves[i]);
}

PUMASI_VECTOR_CLONES void Widen(const Fp16Scale& scale, size_t count, const char* __restrict bytes,
                                float* __restrict out) {
  const Fp16Scale by = scale;
  for (size_t i = 0; i < count; ++i) {
    uint16_t half;
    std::memcpy(&half, bytes + i * sizeof half, sizeof half);
    const uint32_t magnitude = half & 0x7fffu;
    const float normal = FloatOf((magnitude << 13) + kBias);
    const float small = static_cast<float>(static_cast<int32_t>(magnitude)) * kFp16Step;
    const float value = by.Value(magnitude < 0x400u ? small : normal);
    const uint32_t not_finite = kInfinity | (magnitude > 0x7c00u ? 0x00400000u : 0);
    const uint32_t bits = magnitude >= 0x7c00u ? not_finite : BitsOf(value);
    out[i] = FloatOf(bits | (half & 0x8000u) << 16);
  }
}

}  // namespace

void NarrowToFp16(size_t count, const float* values, uint16_t* out) {
  const int exponent = Fp16Exponent(count, values);
  out[0] = static_cast<uint16_t>(static_cast<int16_t>(exponent));
  const Fp16Scale scale(exponent);
  for (size_t at = 0; at < count; at += kTile) {
    NarrowTile(scale, std::min(kTile, count - at), values + at, out + 1 + at);
  }
}

void WidenFp16(int exponent, size_t count, const char* bytes, float* out) {
  Widen(Fp16Scale(exponent), count, bytes, out);
}

bool IsFp16Exponent(int exponent) { return exponent >= kLeastFp16Exponent && exponent <= kMostFp16Exponent; }

}  // namespace pumasi
