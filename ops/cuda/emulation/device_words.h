// The words of CUDA C++ that device code uses, for a plain C++ compiler.
#ifndef PUMASI_OPS_CUDA_EMULATION_DEVICE_WORDS_H_
#define PUMASI_OPS_CUDA_EMULATION_DEVICE_WORDS_H_

#include <cmath>

#include "ops/cuda/emulation/emulator.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define threadIdx (::pumasi::cuda::emulation::Here().thread)
#define blockIdx (::pumasi::cuda::emulation::Here().block)
#define blockDim (::pumasi::cuda::emulation::Here().block_size)
#define gridDim (::pumasi::cuda::emulation::Here().grid_size)

inline void __syncthreads() { ::pumasi::cuda::emulation::SyncBlock(); }
inline void __syncwarp() { ::pumasi::cuda::emulation::SyncWarp(); }

template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int distance) {
  return ::pumasi::cuda::emulation::Exchange(mask, value, threadIdx.x % 32 ^ static_cast<unsigned>(distance));
}

template <typename T>
T __shfl_sync(unsigned mask, T value, int lane) {
  return ::pumasi::cuda::emulation::Exchange(mask, value, static_cast<unsigned>(lane));
}

namespace pumasi::cuda {

// Device code calls these without a namespace.
using std::floor;
using std::log;
using std::sqrt;

template <typename T>
T* SharedMemory() {
  return reinterpret_cast<T*>(emulation::Here().shared);
}

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_EMULATION_DEVICE_WORDS_H_
