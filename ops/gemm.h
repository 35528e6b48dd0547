// The matrix product that all layers are made of.
#ifndef PUMASI_OPS_GEMM_H_
#define PUMASI_OPS_GEMM_H_

#include <string>

#include "ops/precision.h"
#include "ops/product/packed_matrix.h"

namespace pumasi {

enum class Transpose { kNo, kYes };

// C = op(A)·op(B) + beta·C, all matrices float32 and row-major: op(A) is m×k, op(B) is k×n, C is m×n. `lda`, `ldb` and
// `ldc` are the distances between rows as the matrices lie in memory (before op). With beta 0, C is not read. Sizes may
// be 0: with k = 0, C = beta·C.
//
// Each element is one chain of fused multiply-adds in ascending depth, sum = fma(a[p], b[p], sum), that begins at
// beta·C (at 0 with beta 0). So its bits depend on the numbers in it alone: not on the rows and columns beside it, on
// where matrices lie, on the number of threads, or on the instruction set (AVX2 with FMA, AVX-512); machines without
// FMA round product and sum one by one (KernelSet()). With Precision::kBf16, a[p] and b[p] are rounded to bfloat16
// (nearest, ties to even), an odd depth is filled up with a zero, and denormal products, sums and operands are zero.
// Where an element is NaN, which NaN is not specified.
//
// REQUIRES: sizes not negative, distances not smaller than the row, C overlaps neither A nor B. Thread-safe. Working
// memory is kept for the next product, separately for each thread.
void Gemm(Precision precision, Transpose a, Transpose b, int m, int n, int k, const float* A, int lda, const float* B,
          int ldb, float beta, float* C, int ldc);

// In float32.
void Gemm(Transpose a, Transpose b, int m, int n, int k, const float* A, int lda, const float* B, int ldb, float beta,
          float* C, int ldc);

// With op(B) packed before, which says n, k and the precision. The bits are the same.
void Gemm(Transpose a, int m, const float* A, int lda, const PackedMatrix& B, float beta, float* C, int ldc);

// C = A·op(B) with every row's chains beginning at `row`[n] (nullptr: at 0): a layer's product and bias.
void GemmPlusRow(Precision precision, Transpose b, int m, int n, int k, const float* A, int lda, const float* B,
                 int ldb, const float* row, float* C, int ldc);
void GemmPlusRow(int m, const float* A, int lda, const PackedMatrix& B, const float* row, float* C, int ldc);

// Threads that one product uses from now on; 1 until set. Values below 1 mean 1. They do not change bits.
void SetGemmThreads(int threads);

// What decides the bits of a product: kernel and device, such as "pumasi-fma/cpu". Workers with equal sets compute
// equal bits.
std::string KernelSet(Precision precision = Precision::kFloat32);

}  // namespace pumasi

#endif  // PUMASI_OPS_GEMM_H_
