// Stands first in every file with device code. The same source is compiled by nvcc for a device, and by any C++
// compiler for the emulation (ops/cuda/emulation/emulator.h), which runs kernels on the host so that they can be tested
// where there is no device.
#ifndef PUMASI_OPS_CUDA_DEVICE_CODE_H_
#define PUMASI_OPS_CUDA_DEVICE_CODE_H_

// The formulas of ops/ that device code shares (ops/math.h, ops/gate_activation.h, ops/philox.h) have to be functions
// of host and device. They get what they stand under from ops/vector_clones.h, whose place is taken here.
#ifdef __CUDACC__
#ifdef PUMASI_OPS_VECTOR_CLONES_H_
#error "ops/cuda/device_code.h has to come before other headers of ops/"
#endif
#define PUMASI_OPS_VECTOR_CLONES_H_
#define PUMASI_VECTOR_CLONES
#define PUMASI_INLINE __host__ __device__ inline
#include <cuda_runtime.h>
// Stands before a loop whose indices have to be constants, so that arrays stay in registers.
#define PUMASI_UNROLL _Pragma("unroll")
#else
#define PUMASI_UNROLL
#include "ops/cuda/emulation/device_words.h"
#endif

#include <cstddef>
#include <cstdint>

namespace pumasi::cuda {

constexpr int kWarp = 32;

#ifdef __CUDACC__
// The block's dynamic shared memory, aligned to 16 bytes. Every kernel has all its shared memory here.
template <typename T>
__device__ inline T* SharedMemory() {
  extern __shared__ __align__(16) unsigned char shared_memory[];
  return reinterpret_cast<T*>(shared_memory);
}
#endif

// Sums over a warp: the same order of additions in every lane, so that all lanes have the same bits.
template <typename T>
__device__ inline T WarpSum(T value) {
  for (int distance = kWarp / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffffu, value, distance);
  return value;
}

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_DEVICE_CODE_H_
