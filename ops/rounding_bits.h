// The random bits of rounding (ops/stochastic_rounding.h): for a tile of values at a time.
#ifndef PUMASI_OPS_ROUNDING_BITS_H_
#define PUMASI_OPS_ROUNDING_BITS_H_

#include <cstddef>
#include <cstdint>

#include "ops/threefry.h"
#include "ops/vector_clones.h"

namespace pumasi {

// Eight blocks of four words give two halves each to the values of a tile; those of one word and half are neighbours,
// so that vectors need no shuffling: value i has word i % 32, of its lower half where i / 32 is even.
inline constexpr size_t kRoundingTile = 64, kRoundingBlocks = 8, kRoundingWords = 32;

// Of tile number `tile` of a row of a table.
PUMASI_INLINE void DrawRoundingBits(uint64_t stream, uint32_t table, uint64_t row, size_t tile, uint32_t* words) {
  const ThreefryBlock key = {{static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32), 0, 0}};
  const auto low = static_cast<uint32_t>(row), high = static_cast<uint32_t>(row >> 32);
  const auto block = static_cast<uint32_t>(tile * kRoundingBlocks);
  for (uint32_t i = 0; i < kRoundingBlocks; ++i) {
    const ThreefryBlock drawn = Threefry(key, {{block + i, low, high, table}});
    for (size_t word = 0; word < 4; ++word) words[word * kRoundingBlocks + i] = drawn.word[word];
  }
}

}  // namespace pumasi

#endif  // PUMASI_OPS_ROUNDING_BITS_H_
