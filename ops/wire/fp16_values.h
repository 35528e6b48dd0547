// Between float32 and blocks of binary16 as they stand in messages (ops/fp16.h): the block's exponent, a signed 16-bit
// number, then its values, 2 bytes each, all little-endian. Neither direction depends on the instruction set.
// Thread-safe.
#ifndef PUMASI_OPS_WIRE_FP16_VALUES_H_
#define PUMASI_OPS_WIRE_FP16_VALUES_H_

#include <cstddef>
#include <cstdint>

namespace pumasi {

// out[0] = the exponent, out[1 + i] = the binary16 nearest to values[i] beside it, of two the even one. Exact for what
// RoundStochasticallyToFp16 made. A finite value stays finite, an infinite one and NaN stay what they are.
void NarrowToFp16(size_t count, const float* values, uint16_t* out);

// out[i] = the float32 that is binary16 number i of `bytes`, which need not be aligned, beside this exponent. Exact.
// REQUIRES: IsFp16Exponent(exponent).
void WidenFp16(int exponent, size_t count, const char* bytes, float* out);

bool IsFp16Exponent(int exponent);

}  // namespace pumasi

#endif  // PUMASI_OPS_WIRE_FP16_VALUES_H_
