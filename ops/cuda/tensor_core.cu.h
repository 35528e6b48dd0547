// The warp's matrix product of bfloat16 numbers with float32 sums, and clusters of blocks.
#ifndef PUMASI_OPS_CUDA_TENSOR_CORE_CU_H_
#define PUMASI_OPS_CUDA_TENSOR_CORE_CU_H_

#include "ops/cuda/device_code.h"
// After device_code.h, which has to be first.
#ifdef __CUDACC__
#include <cooperative_groups.h>
#include <cuda_bf16.h>
#endif

namespace pumasi::cuda {

// How a warp's lanes hold the matrices of mma.m16n8k16 (PTX ISA, "Matrix Fragments for mma.m16n8k16"). With g = lane /
// 4 and t = lane % 4, each register two neighbours, the lower one in the lower half:
//   A, 16×16: a[0] row g, columns 2t and 2t + 1; a[1] row g + 8; a[2] and a[3] likewise, columns 2t + 8 and 2t + 9
//   B, 16×8: b[0] column g, rows 2t and 2t + 1; b[1] likewise, rows 2t + 8 and 2t + 9
//   D, 16×8, in float32: d[0] row g, column 2t; d[1] column 2t + 1; d[2] and d[3] likewise, row g + 8
constexpr int kTileRows = 16, kTileColumns = 8, kTileDepth = 16;

struct PairOfTwo {
  uint32_t pair[2];
};

#ifdef __CUDACC__
// Two numbers rounded to bfloat16 (nearest, ties to even).
__device__ inline uint32_t PackPair(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

// D += A·B. All lanes of the warp call it.
__device__ inline void MultiplyAdd(const uint32_t (&a)[4], const PairOfTwo& b, float (&d)[4]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b.pair[0]), "r"(b.pair[1]));
}

__device__ inline unsigned RankInCluster() { return cooperative_groups::this_cluster().block_rank(); }

// Until all threads of the cluster are here; what they wrote to each other's shared memory is then seen.
__device__ inline void SyncCluster() { cooperative_groups::this_cluster().sync(); }

// The place in the shared memory of the cluster's block `rank` that `own` is in that of the calling one.
template <typename T>
__device__ inline T* SharedOfBlock(T* own, unsigned rank) {
  return cooperative_groups::this_cluster().map_shared_rank(own, rank);
}
#else
uint32_t PackPair(float low, float high);
void MultiplyAdd(const uint32_t (&a)[4], const PairOfTwo& b, float (&d)[4]);
inline unsigned RankInCluster() { return emulation::Here().rank_in_cluster; }
inline void SyncCluster() { emulation::SyncCluster(); }

template <typename T>
T* SharedOfBlock(T* own, unsigned rank) {
  const size_t place = reinterpret_cast<unsigned char*>(own) - emulation::Here().shared;
  return reinterpret_cast<T*>(emulation::SharedOf(rank) + place);
}
#endif

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_TENSOR_CORE_CU_H_
