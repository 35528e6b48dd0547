// Between float32 and bfloat16 as it stands in messages: 2 bytes, little-endian. Neither direction depends on the
// instruction set. Thread-safe.
#ifndef PUMASI_OPS_WIRE_BF16_VALUES_H_
#define PUMASI_OPS_WIRE_BF16_VALUES_H_

#include <cstddef>
#include <cstdint>

namespace pumasi {

// The largest bfloat16, 2¹²⁸ − 2¹²⁰, as the bits of that float32.
inline constexpr int32_t kLargestBf16 = 0x7f7f0000;

// out[i] = the bfloat16 nearest to values[i], of two the even one. A finite value beyond the largest becomes that one,
// an infinite one and NaN stay what they are.
void NarrowToBf16(size_t count, const float* values, uint16_t* out);

// out[i] = the float32 that is bfloat16 number i of `bytes`, which need not be aligned. Exact.
void WidenBf16(size_t count, const char* bytes, float* out);

}  // namespace pumasi

#endif  // PUMASI_OPS_WIRE_BF16_VALUES_H_
