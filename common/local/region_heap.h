// Which parts of a range of memory are free.
#ifndef PUMASI_COMMON_LOCAL_REGION_HEAP_H_
#define PUMASI_COMMON_LOCAL_REGION_HEAP_H_

#include <cstdint>
#include <map>
#include <optional>

namespace pumasi {

// Gives out the lowest free place that is large enough (first fit), so that few pages of a large range are ever
// touched. Not thread-safe.
class RegionHeap {
 public:
  // Places begin at multiples of this, and so do the ranges that they take.
  static constexpr uint64_t kAlignment = 64;

  // Of `size` bytes; what is over a multiple of kAlignment is not used.
  explicit RegionHeap(uint64_t size);

  // The place of a region of `size` bytes, a kAlignment at least; nothing if there is no such room.
  std::optional<uint64_t> Take(uint64_t size);
  // REQUIRES: `offset` came from Take, and was not given back since.
  void Give(uint64_t offset);

  uint64_t regions() const { return taken_.size(); }

 private:
  using Ranges = std::map<uint64_t, uint64_t>;  // by offset: size
  Ranges free_;                                 // no two of them touch
  Ranges taken_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_LOCAL_REGION_HEAP_H_
