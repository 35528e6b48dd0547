#include "ops/product/threads.h"

#include <algorithm>
#include <atomic>

namespace pumasi {
namespace {

std::atomic<int> block_threads{1};

}  // namespace

void SetBlockThreads(int threads) { block_threads.store(std::max(threads, 1), std::memory_order_relaxed); }

int BlockThreads() { return block_threads.load(std::memory_order_relaxed); }

namespace internal {

void ForEachBlock(int blocks, void (*work)(void* context, int block), void* context) {
// The thread sanitizer does not know OpenMP's barriers.
#if !defined(__SANITIZE_THREAD__)
  // Always as many, also where there are fewer blocks: a team that shrinks and grows ends threads and starts new ones.
  const int threads = BlockThreads();
  if (threads > 1 && blocks > 1) {
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int block = 0; block < blocks; ++block) work(context, block);
    return;
  }
#endif
  for (int block = 0; block < blocks; ++block) work(context, block);
}

}  // namespace internal
}  // namespace pumasi
