// Work on several threads.
#ifndef PUMASI_OPS_PRODUCT_THREADS_H_
#define PUMASI_OPS_PRODUCT_THREADS_H_

#include <memory>
#include <type_traits>

namespace pumasi {

// Threads that ForEachBlock uses from now on, 1 until set. Values below 1 mean 1. Thread-safe.
void SetBlockThreads(int threads);
int BlockThreads();

namespace internal {
void ForEachBlock(int blocks, void (*work)(void* context, int block), void* context);
}  // namespace internal

// Calls work(block) for each block in [0, blocks), on several threads where more than one is set; blocks must not
// depend on one another. Returns when all are done. `work` must not throw. Thread-safe.
template <typename Work>
void ForEachBlock(int blocks, Work&& work) {
  using Callable = std::remove_reference_t<Work>;
  internal::ForEachBlock(
      blocks, [](void* context, int block) { (*static_cast<Callable*>(context))(block); },
      const_cast<void*>(static_cast<const void*>(std::addressof(work))));
}

}  // namespace pumasi

#endif  // PUMASI_OPS_PRODUCT_THREADS_H_
