// How kernels are started.
#ifndef PUMASI_OPS_CUDA_LAUNCH_H_
#define PUMASI_OPS_CUDA_LAUNCH_H_

#include "ops/cuda/device_code.h"
// After device_code.h, which has to be first.
#include <algorithm>
#include <type_traits>

#include "ops/cuda/stream.h"

namespace pumasi::cuda {

struct Grid {
  size_t blocks = 0;
  int threads = 256;
  size_t shared_bytes = 0;
  // Blocks that run at the same time and see each other's shared memory. `blocks` is a multiple.
  int cluster = 1;
};

#ifdef __CUDACC__
// What a failed start of a kernel says to its stream.
void CheckLaunch(Stream* stream, cudaError_t error);

template <typename... Parameters>
void Launch(Stream* stream, const Grid& grid, void (*kernel)(Parameters...),
            std::type_identity_t<Parameters>... arguments) {
  if (grid.blocks == 0 || !stream->ok()) return;
  stream->MakeCurrent();
  constexpr size_t kAlwaysThere = 48 * 1024;
  if (grid.shared_bytes > kAlwaysThere) {
    CheckLaunch(stream, cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                             static_cast<int>(grid.shared_bytes)));
  }
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(static_cast<unsigned>(grid.blocks));
  config.blockDim = dim3(static_cast<unsigned>(grid.threads));
  config.dynamicSmemBytes = grid.shared_bytes;
  config.stream = static_cast<cudaStream_t>(stream->native());
  cudaLaunchAttribute cluster = {};
  cluster.id = cudaLaunchAttributeClusterDimension;
  cluster.val.clusterDim.x = static_cast<unsigned>(grid.cluster);
  cluster.val.clusterDim.y = cluster.val.clusterDim.z = 1;
  config.attrs = &cluster;
  config.numAttrs = grid.cluster > 1 ? 1 : 0;
  CheckLaunch(stream, cudaLaunchKernelEx(&config, kernel, arguments...));
}
#else
template <typename... Parameters>
void Launch(Stream* stream, const Grid& grid, void (*kernel)(Parameters...),
            std::type_identity_t<Parameters>... arguments) {
  if (grid.blocks == 0) return;
  stream->Emulate([=] {
    emulation::RunGrid(grid.blocks, grid.threads, grid.shared_bytes, grid.cluster, [=] { kernel(arguments...); });
  });
}
#endif

template <typename F>
__global__ void ElementKernel(size_t count, F f) {
  const size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) f(i);
}

// Calls f(i) for i < count, a thread each. F: a struct of plain values with a __device__ operator() const.
template <typename F>
void ForEach(Stream* stream, size_t count, const F& f) {
  constexpr size_t kThreads = 256;
  Launch(stream, {.blocks = (count + kThreads - 1) / kThreads, .threads = kThreads}, ElementKernel<F>, count, f);
}

// Columns of a row that one block takes.
constexpr int kBlockColumns = 1024;

template <typename F>
__global__ void RowKernel(int width, unsigned blocks_a_row, F f) {
  const size_t row = blockIdx.x / blocks_a_row;
  const int begin = static_cast<int>(blockIdx.x % blocks_a_row) * kBlockColumns;
  const int end = begin + kBlockColumns < width ? begin + kBlockColumns : width;
  for (int column = begin + threadIdx.x; column < end; column += blockDim.x) f(row, column);
}

// Calls f(row, column) for all of rows × width; a row has a block or, where it is wide, several.
template <typename F>
void ForEachInRows(Stream* stream, size_t rows, int width, const F& f) {
  if (width <= 0) return;
  const int threads = std::min((width + kWarp - 1) / kWarp * kWarp, 256);
  const unsigned blocks_a_row = static_cast<unsigned>((width + kBlockColumns - 1) / kBlockColumns);
  Launch(stream, {.blocks = rows * blocks_a_row, .threads = threads}, RowKernel<F>, width, blocks_a_row, f);
}

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_LAUNCH_H_
