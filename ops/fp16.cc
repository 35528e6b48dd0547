#include "ops/fp16.h"

#include <algorithm>
#include <cmath>

#include "ops/rounding_bits.h"

namespace pumasi {
namespace {

constexpr uint32_t kMagnitude = 0x7fffffff, kInfinity = 0x7f800000, kDropped = 0x1fff;

PUMASI_INLINE uint32_t BitsOf(float x) { return __builtin_bit_cast(uint32_t, x); }
PUMASI_INLINE float FloatOf(uint32_t bits) { return __builtin_bit_cast(float, bits); }

PUMASI_VECTOR_CLONES int32_t LargestMagnitude(size_t count, const float* values) {
  int32_t largest = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto magnitude = static_cast<int32_t>(BitsOf(values[i]) & kMagnitude);
    largest = std::max(largest, magnitude < static_cast<int32_t>(kInfinity) ? magnitude : 0);
  }
  return largest;
}

PUMASI_VECTOR_CLONES void RoundTiles(const Fp16Scale& scale, uint64_t stream, uint32_t table, uint64_t row,
                                     size_t first, size_t tiles, float* __restrict values) {
  const Fp16Scale by = scale;
  for (size_t tile = 0; tile < tiles; ++tile) {
    uint32_t words[kRoundingWords];
    DrawRoundingBits(stream, table, row, first + tile, words);
    float* at = values + tile * kRoundingTile;
    for (uint32_t shift = 0; shift < 32; shift += 16, at += kRoundingWords) {
      for (size_t i = 0; i < kRoundingWords; ++i) {
        const uint32_t random = words[i] >> shift & 0xffffu;
        const uint32_t bits = BitsOf(at[i]), magnitude = bits & kMagnitude;
        const bool finite = static_cast<int32_t>(magnitude) < static_cast<int32_t>(kInfinity);
        const float stored = by.Stored(FloatOf(finite ? magnitude : 0));
        const float normal = FloatOf((BitsOf(stored) + (random & kDropped)) & ~kDropped);
        const float steps = std::min(stored / kFp16Step, 2048.0f);
        const auto whole = static_cast<float>(static_cast<int32_t>(steps));
        const bool up = (steps - whole) * 65536.0f >= static_cast<float>(static_cast<int32_t>(random + 1));
        const float small = (whole + (up ? 1.0f : 0.0f)) * kFp16Step;
        const float rounded = by.Value(std::min(stored < kFp16Normal ? small : normal, by.most));
        // A NaN becomes a quiet one.
        at[i] = finite ? FloatOf(BitsOf(rounded) | (bits & ~kMagnitude)) : at[i] + at[i];
      }
    }
  }
}

}  // namespace

int Fp16Exponent(size_t count, const float* values) {
  const int32_t largest = LargestMagnitude(count, values);
  const int exponent = (largest >> 23) - 127 + ((largest & 0x7fffff) != 0 ? 1 : 0);
  return std::max(exponent, kLeastFp16Exponent);
}

Fp16Scale::Fp16Scale(int exponent)
    : down_first(std::ldexp(1.0f, (15 - exponent) / 2)),
      down_last(std::ldexp(1.0f, 15 - exponent - (15 - exponent) / 2)),
      up_first(std::ldexp(1.0f, (exponent - 15) / 2)),
      up_last(std::ldexp(1.0f, exponent - 15 - (exponent - 15) / 2)),
      // 2¹²⁸ is no float32: the largest one of 11 bits instead.
      most(exponent == kMostFp16Exponent ? 0x1.ffcp14f : 0x1p15f) {}

void RoundStochasticallyToFp16(uint64_t stream, uint32_t table, uint64_t row, size_t count, float* values) {
  const Fp16Scale scale(Fp16Exponent(count, values));
  const size_t whole = count / kRoundingTile, rest = count % kRoundingTile;
  RoundTiles(scale, stream, table, row, 0, whole, values);
  if (rest == 0) return;
  float last[kRoundingTile] = {};
  std::copy_n(values + whole * kRoundingTile, rest, last);
  RoundTiles(scale, stream, table, row, whole, 1, last);
  std::copy_n(last, rest, values + whole * kRoundingTile);
}

}  // namespace pumasi
