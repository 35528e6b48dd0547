// bfloat16: the upper half of a float32.
#ifndef PUMASI_OPS_PRODUCT_BF16_H_
#define PUMASI_OPS_PRODUCT_BF16_H_

#include <cstdint>

#include "ops/vector_clones.h"

namespace pumasi {

// The bits of the float32 that is `x` rounded to bfloat16, to nearest, ties to even: the lower half is 0. A number
// beyond the largest becomes infinite, NaN stays NaN.
PUMASI_INLINE uint32_t RoundedToBf16(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  const uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  // A NaN whose payload is in the lower half alone would become infinite.
  const uint32_t nan = bits | 0x00400000u;
  return ((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded) & 0xffff0000u;
}

// Two values as tiles multiply them (ops/product/tile.h): the one of the even depth in the upper half.
PUMASI_INLINE uint32_t Bf16Pair(float even, float odd) { return RoundedToBf16(even) | (RoundedToBf16(odd) >> 16); }

}  // namespace pumasi

#endif  // PUMASI_OPS_PRODUCT_BF16_H_
