// Working memory on a device and for copies to it, which only grows.
#ifndef PUMASI_OPS_CUDA_BUFFER_H_
#define PUMASI_OPS_CUDA_BUFFER_H_

#include <type_traits>

#include "ops/cuda/stream.h"

namespace pumasi::cuda {

template <typename T, void* (*kAllocate)(Stream*, size_t), void (*kFree)(void*)>
class GrowingMemory {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  GrowingMemory() = default;
  ~GrowingMemory() { kFree(memory_); }
  GrowingMemory(const GrowingMemory&) = delete;
  GrowingMemory& operator=(const GrowingMemory&) = delete;

  // Memory for `count` values, not initialised; nullptr after an error of the stream. Earlier pointers end when it has
  // to grow, which waits for the stream: other streams must have no work on it.
  T* Reserve(Stream* stream, size_t count) {
    if (count > capacity_) {
      stream->Wait();
      kFree(memory_);
      capacity_ = 0;
      // An eighth in reserve: parts differ a little in size.
      const size_t capacity = count + count / 8;
      memory_ = static_cast<T*>(kAllocate(stream, capacity * sizeof(T)));
      if (memory_ != nullptr) capacity_ = capacity;
    }
    return memory_;
  }

  // What the last Reserve returned.
  T* get() const { return memory_; }

 private:
  T* memory_ = nullptr;
  size_t capacity_ = 0;
};

template <typename T>
using DeviceBuffer = GrowingMemory<T, AllocateDevice, FreeDevice>;
template <typename T>
using PinnedBuffer = GrowingMemory<T, AllocatePinned, FreePinned>;

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_BUFFER_H_
