#include "ops/cuda/emulation/emulator.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <vector>

#include "ops/cuda/emulation/fiber.h"

namespace pumasi::cuda::emulation {
namespace {

constexpr unsigned kLanes = 32;
// After the end of a block's shared memory, to find what writes there.
constexpr size_t kFence = 64;
constexpr unsigned char kUnset = 0xff;

[[noreturn]] void Broken(const char* rule) {
  std::fprintf(stderr, "emulated kernel: %s\n", rule);
  std::abort();
}

// Threads that wait for each other.
struct Group {
  unsigned first = 0, size = 0, waiting = 0;
};

struct Thread {
  Place place;
  Fiber* fiber = nullptr;
};

struct WarpMemory {
  alignas(16) unsigned char bytes[kLanes][kMostBytes];
};

// The cluster of blocks that runs.
class Cluster {
 public:
  Cluster(unsigned threads, unsigned blocks, size_t shared_bytes)
      : threads_(threads * blocks), shared_bytes_(shared_bytes), shared_(blocks) {
    for (auto& memory : shared_) memory.resize(shared_bytes + kFence + 16);
    for (unsigned b = 0; b < blocks; ++b) {
      for (unsigned first = 0; first < threads; first += kLanes) {
        warps_.push_back({b * threads + first, std::min(kLanes, threads - first)});
      }
      blocks_.push_back({b * threads, threads});
    }
    all_ = {0, threads * blocks};
    warp_memory_.resize(warps_.size());
  }

  void Run(unsigned first_block, unsigned grid_size, bool descending, const std::function<void()>& kernel);

  const Place& here() const { return current_->place; }
  void Wait(Group* group);
  Group* warp() { return &warps_[WarpIndex()]; }
  Group* block() { return &blocks_[here().rank_in_cluster]; }
  Group* all() { return &all_; }
  WarpMemory* warp_memory() { return &warp_memory_[WarpIndex()]; }
  unsigned char* shared(unsigned rank) {
    const uintptr_t address = reinterpret_cast<uintptr_t>(shared_[rank].data());
    return reinterpret_cast<unsigned char*>((address + 15) / 16 * 16);
  }

 private:
  size_t WarpIndex() const {
    const unsigned threads = blocks_[0].size, warps = (threads + kLanes - 1) / kLanes;
    return here().rank_in_cluster * warps + here().thread.x / kLanes;
  }
  Thread* InTurn(unsigned index, unsigned first, unsigned size) {
    return &threads_[first + (descending_ ? size - 1 - index : index)];
  }
  Fiber* FreeFiber();

  std::vector<Thread> threads_;
  const size_t shared_bytes_;
  std::vector<std::vector<unsigned char>> shared_;
  std::vector<Group> warps_, blocks_;
  Group all_;
  std::vector<WarpMemory> warp_memory_;
  bool descending_ = false;
  unsigned next_ = 0, ended_ = 0;
  Thread* current_ = nullptr;
  Fiber* fiber_ = nullptr;  // the one that runs current_
  std::deque<Group*> complete_;
};

thread_local Cluster* running = nullptr;
thread_local std::vector<std::unique_ptr<Fiber>> fibers;
thread_local std::vector<Fiber*> free_fibers;

Fiber* Cluster::FreeFiber() {
  if (free_fibers.empty()) {
    fibers.push_back(std::make_unique<Fiber>());
    return fibers.back().get();
  }
  Fiber* const fiber = free_fibers.back();
  free_fibers.pop_back();
  return fiber;
}

void Cluster::Run(unsigned first_block, unsigned grid_size, bool descending, const std::function<void()>& kernel) {
  const unsigned threads = blocks_[0].size;
  descending_ = descending;
  next_ = ended_ = 0;
  for (unsigned i = 0; i < threads_.size(); ++i) {
    const unsigned rank = i / threads;
    threads_[i] = {{{i % threads},
                    {first_block + rank},
                    {threads},
                    {grid_size},
                    rank,
                    static_cast<unsigned>(blocks_.size()),
                    shared(rank)},
                   nullptr};
  }
  for (auto& memory : shared_) std::fill(memory.begin(), memory.end(), kUnset);

  // A fiber runs one thread after another until one waits: kernels without barriers need a single fiber.
  const std::function<void()> work = [&] {
    while (next_ < threads_.size()) {
      current_ = InTurn(next_++, 0, static_cast<unsigned>(threads_.size()));
      kernel();
      ++ended_;
    }
  };
  while (next_ < threads_.size()) {
    fiber_ = FreeFiber();
    fiber_->Start(&work);
    if (fiber_->done()) free_fibers.push_back(fiber_);
  }
  while (!complete_.empty()) {
    Group* const group = complete_.front();
    complete_.pop_front();
    group->waiting = 0;
    for (unsigned i = 0; i < group->size; ++i) {
      current_ = InTurn(i, group->first, group->size);
      fiber_ = current_->fiber;
      fiber_->Continue();
      if (fiber_->done()) free_fibers.push_back(fiber_);
    }
  }
  if (ended_ != threads_.size()) Broken("some threads wait at a barrier that others do not reach");
  for (unsigned rank = 0; rank < blocks_.size(); ++rank) {
    for (size_t i = 0; i < kFence; ++i) {
      if (shared(rank)[shared_bytes_ + i] != kUnset) Broken("a write beyond the block's shared memory");
    }
  }
}

void Cluster::Wait(Group* group) {
  if (++group->waiting == group->size) complete_.push_back(group);
  current_->fiber = fiber_;
  fiber_->Pause();
}

thread_local unsigned long long launch = 0;

}  // namespace

const Place& Here() { return running->here(); }

void RunGrid(size_t blocks, int threads, size_t shared_bytes, int cluster, const std::function<void()>& thread) {
  if (running != nullptr) Broken("a kernel that starts a kernel");
  if (threads < 1 || threads > 1024) Broken("a block has 1 to 1024 threads");
  if (shared_bytes > 227 * 1024) Broken("a block has at most 227 KiB of shared memory");
  if (cluster < 1 || cluster > 8 || blocks % cluster != 0) Broken("a grid is whole clusters of 1 to 8 blocks");
  Cluster memory(static_cast<unsigned>(threads), static_cast<unsigned>(cluster), shared_bytes);
  running = &memory;
  const bool descending = ++launch % 2 == 0;
  const size_t clusters = blocks / cluster;
  for (size_t c = 0; c < clusters; ++c) {
    const size_t turn = descending ? clusters - 1 - c : c;
    memory.Run(static_cast<unsigned>(turn * cluster), static_cast<unsigned>(blocks), descending, thread);
  }
  running = nullptr;
}

void SyncBlock() { running->Wait(running->block()); }
void SyncWarp() { running->Wait(running->warp()); }
void SyncCluster() { running->Wait(running->all()); }

unsigned char* SharedOf(unsigned rank) { return running->shared(rank); }

void CheckMask(unsigned mask) {
  if (mask != 0xffffffffu || running->warp()->size != kLanes) Broken("a shuffle without the whole warp");
}

void Publish(const void* bytes, size_t count) {
  std::memcpy(running->warp_memory()->bytes[Here().thread.x % kLanes], bytes, count);
  SyncWarp();
}

const void* WarpBytes(unsigned lane) { return running->warp_memory()->bytes[lane % kLanes]; }

}  // namespace pumasi::cuda::emulation
