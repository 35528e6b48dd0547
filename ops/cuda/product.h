// The matrix product on a device: cuBLAS; in the emulation plain loops.
#ifndef PUMASI_OPS_CUDA_PRODUCT_H_
#define PUMASI_OPS_CUDA_PRODUCT_H_

#include "ops/cuda/stream.h"
#include "ops/precision.h"

namespace pumasi::cuda {

enum class Transposed { kNo, kYes };

// C = op(A)·op(B) + beta·C for row-major matrices on the device, as ops/gemm.h's Gemm but for the order of additions:
// op(A) is m×k, op(B) is k×n, `lda`, `ldb`, `ldc` are the distances between rows in memory. With beta 0, C is not read;
// it is 0 or 1. Sizes may be 0.
void Product(Stream* stream, Precision precision, Transposed a, Transposed b, int m, int n, int k, const float* A,
             int lda, const float* B, int ldb, float beta, float* C, int ldc);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_PRODUCT_H_
