#include "ops/gemm.h"

#include "absl/strings/str_cat.h"
#include "ops/instruction_set.h"
#include "ops/product/blocked_product.h"
#include "ops/product/threads.h"

namespace pumasi {
namespace {

// Runs `product` with its chains beginning at beta·C.
void RunScaled(BlockedProduct product, float beta) {
  if (product.m == 0 || product.n == 0) return;
  if (product.k == 0 || (beta != 0 && beta != 1)) {
    for (int i = 0; i < product.m; ++i) {
      float* const row = product.c + i * product.c_row;
      for (int j = 0; j < product.n; ++j) row[j] = beta == 0 ? 0 : beta * row[j];
    }
  }
  if (product.k == 0) return;
  product.add = beta != 0;
  product.Run();
}

void RunFromRow(const BlockedProduct& product) {
  if (product.m == 0 || product.n == 0) return;
  if (product.k > 0) return product.Run();
  for (int i = 0; i < product.m; ++i) {
    for (int j = 0; j < product.n; ++j) {
      product.c[i * product.c_row + j] = product.start == nullptr ? 0 : product.start[j];
    }
  }
}

}  // namespace

void Gemm(Precision precision, Transpose a, Transpose b, int m, int n, int k, const float* A, int lda, const float* B,
          int ldb, float beta, float* C, int ldc) {
  RunScaled({.precision = precision,
             .m = m,
             .n = n,
             .k = k,
             .a_transposed = a == Transpose::kYes,
             .a = A,
             .a_row = lda,
             .b_transposed = b == Transpose::kYes,
             .b = B,
             .b_row = ldb,
             .c = C,
             .c_row = ldc},
            beta);
}

void Gemm(Transpose a, Transpose b, int m, int n, int k, const float* A, int lda, const float* B, int ldb, float beta,
          float* C, int ldc) {
  Gemm(Precision::kFloat32, a, b, m, n, k, A, lda, B, ldb, beta, C, ldc);
}

void Gemm(Transpose a, int m, const float* A, int lda, const PackedMatrix& B, float beta, float* C, int ldc) {
  RunScaled({.precision = B.precision(),
             .m = m,
             .n = B.columns(),
             .k = B.depth(),
             .a_transposed = a == Transpose::kYes,
             .a = A,
             .a_row = lda,
             .packed = &B,
             .c = C,
             .c_row = ldc},
            beta);
}

void GemmPlusRow(Precision precision, Transpose b, int m, int n, int k, const float* A, int lda, const float* B,
                 int ldb, const float* row, float* C, int ldc) {
  RunFromRow({.precision = precision,
              .m = m,
              .n = n,
              .k = k,
              .a = A,
              .a_row = lda,
              .b_transposed = b == Transpose::kYes,
              .b = B,
              .b_row = ldb,
              .start = row,
              .c = C,
              .c_row = ldc});
}

void GemmPlusRow(int m, const float* A, int lda, const PackedMatrix& B, const float* row, float* C, int ldc) {
  RunFromRow({.precision = B.precision(),
              .m = m,
              .n = B.columns(),
              .k = B.depth(),
              .a = A,
              .a_row = lda,
              .packed = &B,
              .start = row,
              .c = C,
              .c_row = ldc});
}

void SetGemmThreads(int threads) { SetBlockThreads(threads); }

std::string KernelSet(Precision precision) {
  const bool fused = UsedInstructionSet() != InstructionSet::kBaseline;
  return absl::StrCat("pumasi-", fused ? "fma" : "plain", precision == Precision::kBf16 ? "-bf16" : "", "/cpu");
}

}  // namespace pumasi
