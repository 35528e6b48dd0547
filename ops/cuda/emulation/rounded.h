// Rounding to bfloat16 on the host.
#ifndef PUMASI_OPS_CUDA_EMULATION_ROUNDED_H_
#define PUMASI_OPS_CUDA_EMULATION_ROUNDED_H_

#include <cstdint>
#include <cstring>

namespace pumasi::cuda::emulation {

// To the nearest bfloat16, of two the even one. NaN stays NaN.
inline float RoundedToBf16(float value) {
  if (value != value) return value;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits += 0x7fff + (bits >> 16 & 1);
  bits &= 0xffff0000u;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

}  // namespace pumasi::cuda::emulation

#endif  // PUMASI_OPS_CUDA_EMULATION_ROUNDED_H_
