// IEEE binary16 beside a power of two that a block of values shares (`wire: fp16`): 11 bits of each value, down to
// 2⁻³⁰ of the largest one, fewer bits below that, and 0 below 2⁻⁴⁰.
//
// Alone binary16 would lose what is beyond 65504 and what is below 6e-8, as many gradients are. So a block has the
// exponent e of the smallest power of two that no value of it exceeds, and its values are stored times 2¹⁵⁻ᵉ: the
// largest one is near the top of the range, and none can pass it by being rounded up.
//
// To round a block that was rounded changes nothing, nor does to store it: what rounding made are multiples of smaller
// steps than e allows for at most, whether the largest value went up to 2ᵉ or down to 2ᵉ⁻¹.
#ifndef PUMASI_OPS_FP16_H_
#define PUMASI_OPS_FP16_H_

#include <cstddef>
#include <cstdint>

#include "ops/vector_clones.h"

namespace pumasi {

// The exponents of blocks.
inline constexpr int kLeastFp16Exponent = -126, kMostFp16Exponent = 128;

// Of a block; NaN and infinity do not count, and a block of zeros has the least one. Thread-safe.
int Fp16Exponent(size_t count, const float* values);

// Between values and what is stored, in float32: two steps each way, as one factor may be no float32.
struct Fp16Scale {
  explicit Fp16Scale(int exponent);
  PUMASI_INLINE float Stored(float x) const { return x * down_first * down_last; }
  PUMASI_INLINE float Value(float stored) const { return stored * up_first * up_last; }
  float down_first, down_last, up_first, up_last;
  float most;  // of stored magnitudes
};

// Stored magnitudes below this are multiples of kFp16Step.
inline constexpr float kFp16Normal = 0x1p-14f, kFp16Step = 0x1p-24f;

// At random, with the bits and the conditions of RoundStochastically (ops/stochastic_rounding.h), of which a value of
// 11 bits needs 13; where fewer bits are left, a value is rounded up with a probability that is at most 2⁻¹⁶ too low.
// The row is a block. Thread-safe; the bits do not depend on the instruction set.
void RoundStochasticallyToFp16(uint64_t stream, uint32_t table, uint64_t row, size_t count, float* values);

}  // namespace pumasi

#endif  // PUMASI_OPS_FP16_H_
