// The matrix product that all layers are made of.
#ifndef PUMASI_OPS_GEMM_H_
#define PUMASI_OPS_GEMM_H_

#include <string>

namespace pumasi {

enum class Transpose { kNo, kYes };

// C = op(A)·op(B) + beta·C in float32, all matrices row-major: op(A) is m×k, op(B) is k×n, C is m×n. `lda`, `ldb` and
// `ldc` are the distances between rows as the matrices lie in memory (before op). With beta 0, C is not read. Sizes may
// be 0: with k = 0, C = beta·C.
//
// REQUIRES: sizes not negative, distances not smaller than the row, C overlaps neither A nor B.
// Thread-safe. The bits of C depend on the shape, the values and KernelSet() only.
void Gemm(Transpose a, Transpose b, int m, int n, int k, const float* A, int lda, const float* B, int ldb, float beta,
          float* C, int ldc);

// Threads that one product uses, in every thread that calls Gemm from now on; 1 until set. Values below 1 mean 1.
void SetGemmThreads(int threads);

// What decides the bits of a product: library and version, instruction set, device and threads, such as
// "onednn-2.6.3/avx512_core/cpu/threads=1". Workers with equal sets compute equal bits.
std::string KernelSet();

}  // namespace pumasi

#endif  // PUMASI_OPS_GEMM_H_
