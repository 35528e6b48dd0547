#include "ops/cuda/product.h"

#include <vector>

#include "ops/cuda/emulation/rounded.h"

namespace pumasi::cuda {
namespace {

float Rounded(Precision precision, float value) {
  return precision == Precision::kBf16 ? emulation::RoundedToBf16(value) : value;
}

void PlainProduct(Precision precision, Transposed a, Transposed b, int m, int n, int k, const float* A, size_t lda,
                  const float* B, size_t ldb, float beta, float* C, size_t ldc) {
  std::vector<float> sums(n);
  for (int i = 0; i < m; ++i) {
    float* const row = C + i * ldc;
    for (int j = 0; j < n; ++j) sums[j] = beta == 0 ? 0 : beta * row[j];
    for (int d = 0; d < k; ++d) {
      const float x = Rounded(precision, a == Transposed::kYes ? A[d * lda + i] : A[i * lda + d]);
      for (int j = 0; j < n; ++j) {
        sums[j] += x * Rounded(precision, b == Transposed::kYes ? B[j * ldb + d] : B[d * ldb + j]);
      }
    }
    for (int j = 0; j < n; ++j) row[j] = sums[j];
  }
}

}  // namespace

void Product(Stream* stream, Precision precision, Transposed a, Transposed b, int m, int n, int k, const float* A,
             int lda, const float* B, int ldb, float beta, float* C, int ldc) {
  stream->Emulate([=] { PlainProduct(precision, a, b, m, n, k, A, lda, B, ldb, beta, C, ldc); });
}

}  // namespace pumasi::cuda
