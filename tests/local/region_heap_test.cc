#include "common/local/region_heap.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <vector>

namespace pumasi {
namespace {

// The same, over one flag for each unit of memory.
class DumbHeap {
 public:
  explicit DumbHeap(uint64_t size) : taken_(size / RegionHeap::kAlignment) {}
  std::optional<uint64_t> Take(uint64_t size) {
    const uint64_t units = std::max<uint64_t>((size + RegionHeap::kAlignment - 1) / RegionHeap::kAlignment, 1);
    for (uint64_t first = 0; first + units <= taken_.size(); ++first) {
      const auto begin = taken_.begin() + static_cast<int64_t>(first);
      if (std::find(begin, begin + static_cast<int64_t>(units), true) != begin + static_cast<int64_t>(units)) continue;
      std::fill_n(begin, units, true);
      sizes_[first * RegionHeap::kAlignment] = units;
      return first * RegionHeap::kAlignment;
    }
    return std::nullopt;
  }
  void Give(uint64_t offset) {
    std::fill_n(taken_.begin() + static_cast<int64_t>(offset / RegionHeap::kAlignment), sizes_.at(offset), false);
    sizes_.erase(offset);
  }

 private:
  std::vector<bool> taken_;
  std::map<uint64_t, uint64_t> sizes_;
};

TEST_CASE("regions are the lowest that fit, whatever was given back before") {
  const uint32_t seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  RegionHeap heap(64 * 200 + 7);
  DumbHeap dumb(64 * 200 + 7);
  std::vector<uint64_t> regions;
  for (int step = 0; step < 20000; ++step) {
    if (random() % 2 == 0 || regions.empty()) {
      const uint64_t size = random() % (random() % 10 == 0 ? 9000 : 500);
      const auto place = heap.Take(size);
      REQUIRE(place == dumb.Take(size));
      if (place.has_value()) regions.push_back(*place);
    } else {
      std::swap(regions[random() % regions.size()], regions.back());
      heap.Give(regions.back());
      dumb.Give(regions.back());
      regions.pop_back();
    }
    REQUIRE(heap.regions() == regions.size());
  }
}

TEST_CASE("what can't be held is refused") {
  RegionHeap heap(640);
  CHECK(heap.Take(641) == std::nullopt);
  CHECK(heap.Take(UINT64_MAX) == std::nullopt);
  CHECK(heap.Take(640) == 0u);
  CHECK(heap.Take(0) == std::nullopt);
  CHECK(RegionHeap(63).Take(0) == std::nullopt);
}

}  // namespace
}  // namespace pumasi
