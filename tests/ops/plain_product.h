// The matrix product as ops/gemm.h defines it, number by number.
#ifndef PUMASI_TESTS_OPS_PLAIN_PRODUCT_H_
#define PUMASI_TESTS_OPS_PLAIN_PRODUCT_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "ops/precision.h"

namespace pumasi {

// Nearest bfloat16 with ties to even, found among the two neighbours.
inline float NearestBf16(float x) {
  if (std::isnan(x) || std::isinf(x)) return x;
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  const uint32_t below_bits = bits & 0xffff0000u, above_bits = below_bits + 0x10000u;
  float below, above;
  std::memcpy(&below, &below_bits, sizeof below);
  std::memcpy(&above, &above_bits, sizeof above);
  // Beyond the largest number stands what would be the next one if exponents went on.
  const double beyond = std::isinf(above) ? std::copysign(0x1p128, static_cast<double>(x)) : above;
  const double to_below = std::fabs(static_cast<double>(x) - below), to_above = std::fabs(beyond - x);
  if (to_below != to_above) return to_below < to_above ? below : above;
  return (below_bits >> 16) % 2 == 0 ? below : above;
}

inline float DenormalToZero(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x; }

// One step of a chain.
inline float ChainStep(Precision precision, bool fused, float a, float b, float sum) {
  if (precision == Precision::kBf16) {
    a = DenormalToZero(NearestBf16(a));
    b = DenormalToZero(NearestBf16(b));
    sum = DenormalToZero(sum);
    return DenormalToZero(fused ? std::fma(a, b, sum) : DenormalToZero(a * b) + sum);
  }
  return fused ? std::fma(a, b, sum) : a * b + sum;
}

struct PlainProduct {
  Precision precision = Precision::kFloat32;
  bool fused = true;  // whether the machine has FMA
  bool transpose_a = false, transpose_b = false;
  int m = 0, n = 0, k = 0;
  const float* a = nullptr;
  int lda = 0;
  const float* b = nullptr;
  int ldb = 0;
  float beta = 0;

  std::vector<float> Of(const std::vector<float>& c, int ldc) const {
    std::vector<float> out = c;
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) {
        float& sum = out[static_cast<size_t>(i) * ldc + j];
        sum = beta == 0 ? 0 : beta * sum;
        for (int p = 0; p < k; ++p) {
          const float x = transpose_a ? a[static_cast<size_t>(p) * lda + i] : a[static_cast<size_t>(i) * lda + p];
          const float y = transpose_b ? b[static_cast<size_t>(j) * ldb + p] : b[static_cast<size_t>(p) * ldb + j];
          sum = ChainStep(precision, fused, x, y, sum);
        }
        if (precision == Precision::kBf16 && k % 2 != 0) sum = ChainStep(precision, fused, 0, 0, sum);
      }
    }
    return out;
  }
};

// How many numbers differ in a bit; NaN equals NaN.
inline size_t DifferentBits(const float* have, const float* want, size_t count) {
  size_t different = 0;
  for (size_t i = 0; i < count; ++i) {
    different += std::isnan(want[i]) ? !std::isnan(have[i]) : std::memcmp(&have[i], &want[i], sizeof(float)) != 0;
  }
  return different;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_OPS_PLAIN_PRODUCT_H_
