// Elementary functions in float32 that vectorise: plain arithmetic and selections, no tables, no branches, no calls.
// The same bits whatever the instruction set (ops/vector_clones.h). Largest errors against double precision, over all
// floats: Exp 1 ulp, Sigmoid 2 ulp, Tanh 1.6 ulp (tests/ops/math_test.cc). NaN gives NaN.
#ifndef PUMASI_OPS_MATH_H_
#define PUMASI_OPS_MATH_H_

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "ops/vector_clones.h"

namespace pumasi {

// exp(x) for x from -87 to 88, and NaN; of other numbers anything.
PUMASI_INLINE float ExpWithin(float x) {
  // x = n·ln2 + r with |r| ≤ ln2/2; ln2 in two parts so that n·(the first) is exact. Adding 1.5·2^23 rounds to an
  // integer and leaves it in the low bits. Polynomial: Cephes' expf (Moshier).
  const float shifted = x * 1.44269504088896341f + 12582912.0f;
  const float n = shifted - 12582912.0f;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * (r * r) + r) + 1.0f;
  const uint32_t scale_bits = (__builtin_bit_cast(uint32_t, shifted) << 23) + 0x3f800000u;
  return p * __builtin_bit_cast(float, scale_bits);
}

// exp(x). Below -87 the result is 0 (the true one is under 1.7e-38), above 88 it is that of 88.
PUMASI_INLINE float Exp(float x) {
  const float result = ExpWithin(x > 88.0f ? 88.0f : x);
  return x < -87.0f ? 0.0f : result;
}

// The same for x up to 0.
PUMASI_INLINE float ExpOfNegative(float x) {
  const float result = ExpWithin(x);
  return x < -87.0f ? 0.0f : result;
}

// 1 / (1 + exp(-x)).
PUMASI_INLINE float Sigmoid(float x) {
  // exp of a number that is not positive can't overflow, and no digits are lost on the left side. There, e / (1 + e)
  // would show the rounding of 1 + e; in e - e·(e / (1 + e)) it counts e times less.
  const float e = ExpOfNegative(-std::fabs(x));
  const float right = 1.0f / (1.0f + e);
  return x < 0.0f ? e - e * (e * right) : right;
}

PUMASI_INLINE float Tanh(float x) {
  const float magnitude = std::fabs(x);
  // Near 0 the quotient below would cancel: Cephes' tanhf polynomial.
  const float z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float near = p * z * x + x;
  const float e = ExpOfNegative(-2.0f * magnitude);
  const float quotient = (1.0f - e) / (1.0f + e);
  const float far = x < 0.0f ? -quotient : quotient;
  return magnitude < 0.625f ? near : far;
}

// out[i] = f(x[i]); `out` may be `x`. Thread-safe.
void ExpOf(size_t count, const float* x, float* out);
void SigmoidOf(size_t count, const float* x, float* out);
void TanhOf(size_t count, const float* x, float* out);

}  // namespace pumasi

#endif  // PUMASI_OPS_MATH_H_
