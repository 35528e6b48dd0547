#include "ops/cuda/product.h"

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include <string>

namespace pumasi::cuda {

void Product(Stream* stream, Precision precision, Transposed a, Transposed b, int m, int n, int k, const float* A,
             int lda, const float* B, int ldb, float beta, float* C, int ldc) {
  if (m == 0 || n == 0 || !stream->ok()) return;
  stream->MakeCurrent();
  const cublasHandle_t handle = static_cast<cublasHandle_t>(stream->products());
  if (handle == nullptr) return;
  if (k == 0) {
    // C = beta·C, which cuBLAS does not promise for empty operands.
    if (beta == 0) {
      const cudaError_t cleared = cudaMemset2DAsync(C, ldc * sizeof(float), 0, n * sizeof(float), m,
                                                    static_cast<cudaStream_t>(stream->native()));
      if (cleared != cudaSuccess) stream->Fail(std::string("cudaMemset2DAsync: ") + cudaGetErrorString(cleared));
    }
    return;
  }
  // A row-major matrix is the transpose of a column-major one: Cᵀ = op(B)ᵀ·op(A)ᵀ.
  const float one = 1;
  const cublasComputeType_t compute = precision == Precision::kBf16 ? CUBLAS_COMPUTE_32F_FAST_16BF : CUBLAS_COMPUTE_32F;
  const cublasStatus_t status = cublasGemmEx(
      handle, b == Transposed::kYes ? CUBLAS_OP_T : CUBLAS_OP_N, a == Transposed::kYes ? CUBLAS_OP_T : CUBLAS_OP_N, n,
      m, k, &one, B, CUDA_R_32F, ldb, A, CUDA_R_32F, lda, &beta, C, CUDA_R_32F, ldc, compute, CUBLAS_GEMM_DEFAULT);
  if (status != CUBLAS_STATUS_SUCCESS) {
    stream->Fail("cublasGemmEx of a " + std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(k) +
                 " product: " + cublasGetStatusString(status));
  }
}

}  // namespace pumasi::cuda
