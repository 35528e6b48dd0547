#include "ops/stochastic_rounding.h"

#include <algorithm>
#include <cstring>

#include "ops/philox.h"
#include "ops/rounding_bits.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

constexpr size_t kTile = kRoundingTile, kTileWords = kRoundingWords;

constexpr uint32_t kMagnitude = 0x7fffffff, kUpper = 0xffff0000, kLargest = 0x7f7f0000, kInfinity = 0x7f800000;

PUMASI_INLINE uint32_t BitsAt(const float* value) {
  uint32_t bits;
  std::memcpy(&bits, value, sizeof bits);
  return bits;
}

PUMASI_INLINE void SetBits(float* value, uint32_t bits) { std::memcpy(value, &bits, sizeof bits); }

// Is any of a tile's values not finite, or beyond the largest bfloat16? Gathers: unlike an early return it vectorises.
PUMASI_INLINE bool AnyBeyond(const float* values) {
  uint32_t beyond = 0;
  for (size_t i = 0; i < kTile; ++i) {
    beyond |= static_cast<int32_t>(BitsAt(values + i) & kMagnitude) > static_cast<int32_t>(kLargest);
  }
  return beyond != 0;
}

// What becomes of a value that is beyond. Rounding leaves it as it is, then.
uint32_t Clamped(uint32_t bits) {
  const uint32_t magnitude = bits & kMagnitude;
  if (magnitude < kInfinity) return (bits & ~kMagnitude) | std::min(magnitude, kLargest);
  // A NaN whose payload is in the lower half alone would become infinite.
  return magnitude > kInfinity ? (bits | 0x00400000) & kUpper : bits;
}

// Whole tiles of a row, from tile `first` on.
PUMASI_VECTOR_CLONES void RoundTiles(uint64_t stream, uint32_t table, uint64_t row, size_t first, size_t tiles,
                                     float* __restrict values) {
  for (size_t tile = 0; tile < tiles; ++tile) {
    uint32_t words[kTileWords];
    DrawRoundingBits(stream, table, row, first + tile, words);
    float* at = values + tile * kTile;
    if (AnyBeyond(at)) {
      for (size_t i = 0; i < kTile; ++i) SetBits(at + i, Clamped(BitsAt(at + i)));
    }
    for (uint32_t shift = 0; shift < 32; shift += 16, at += kTileWords) {
      for (size_t i = 0; i < kTileWords; ++i) {
        SetBits(at + i, (BitsAt(at + i) + (words[i] >> shift & 0xffffu)) & kUpper);
      }
    }
  }
}

}  // namespace

uint64_t RoundingStream(uint64_t seed, uint64_t version, uint32_t first, uint32_t end) {
  // Dropout takes the other two words.
  const PhiloxBlock words =
      Philox(seed, {{static_cast<uint32_t>(version), static_cast<uint32_t>(version >> 32), first, end}});
  return words.word[2] | static_cast<uint64_t>(words.word[3]) << 32;
}

void RoundStochastically(uint64_t stream, uint32_t table, uint64_t row, size_t count, float* values) {
  const size_t whole = count / kTile, rest = count % kTile;
  RoundTiles(stream, table, row, 0, whole, values);
  if (rest == 0) return;
  float last[kTile] = {};
  std::copy_n(values + whole * kTile, rest, last);
  RoundTiles(stream, table, row, whole, 1, last);
  std::copy_n(last, rest, values + whole * kTile);
}

}  // namespace pumasi
