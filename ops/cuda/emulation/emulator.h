// Runs kernels on the host, for tests: blocks one after another, the threads of a block (or of a cluster of blocks) as
// fibers that change where they wait for each other.
//
// It checks what a device would leave undefined: a barrier that only some threads reach, a shuffle without the whole
// warp, shared memory that is read before it is written (it starts as NaNs). Threads and blocks run in ascending and
// descending order in turns, from one launch to the next, so that a missing barrier does not stay hidden. What it can't
// show: speed, races inside a warp, the device's own rounding in library products.
#ifndef PUMASI_OPS_CUDA_EMULATION_EMULATOR_H_
#define PUMASI_OPS_CUDA_EMULATION_EMULATOR_H_

#include <cstddef>
#include <cstring>
#include <functional>

namespace pumasi::cuda::emulation {

struct Coordinate {
  unsigned x = 0;
};

// Where the calling thread of a kernel stands.
struct Place {
  Coordinate thread, block, block_size, grid_size;
  unsigned rank_in_cluster = 0;
  unsigned cluster_size = 1;
  unsigned char* shared = nullptr;
};
const Place& Here();

// Runs `thread` for each thread of the grid. A broken rule ends the program with a line that names it.
void RunGrid(size_t blocks, int threads, size_t shared_bytes, int cluster, const std::function<void()>& thread);

// Until all threads of the block, the warp, the cluster are here.
void SyncBlock();
void SyncWarp();
void SyncCluster();

// Shared memory of another block of the cluster.
unsigned char* SharedOf(unsigned rank);

// Gives the calling lane's bytes to the others of its warp: those of lane l are at WarpBytes(l) until the next
// SyncWarp. All lanes of the warp call it.
constexpr size_t kMostBytes = 32;
void Publish(const void* bytes, size_t count);
const void* WarpBytes(unsigned lane);
void CheckMask(unsigned mask);

template <typename T>
T Exchange(unsigned mask, T value, unsigned lane) {
  static_assert(sizeof(T) <= kMostBytes);
  CheckMask(mask);
  Publish(&value, sizeof(T));
  T out;
  std::memcpy(&out, WarpBytes(lane), sizeof(T));
  SyncWarp();
  return out;
}

}  // namespace pumasi::cuda::emulation

#endif  // PUMASI_OPS_CUDA_EMULATION_EMULATOR_H_
