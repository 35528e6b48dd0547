#include "ops/normal_pair.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace pumasi {
namespace {

TEST_CASE("A pair is Box and Muller's, to the last digits but one of a double") {
  std::mt19937_64 random(5);
  const auto check = [](uint32_t a, uint32_t b) {
    const double radius = std::sqrt(-2 * std::log((a + 0.5) / 4294967296.0));
    const double angle = 2 * std::acos(-1.0) * (b / 4294967296.0);
    const NormalPair pair = NormalPairOf(a, b);
    CAPTURE(a, b);
    CHECK(std::fabs(pair.first - radius * std::cos(angle)) <= 1e-14);
    CHECK(std::fabs(pair.second - radius * std::sin(angle)) <= 1e-14);
  };
  for (int i = 0; i < 5000; ++i) check(static_cast<uint32_t>(random()), static_cast<uint32_t>(random()));
  // The ends, and both sides of each octant's borders.
  for (const uint32_t a : {0u, 1u, 0x7FFFFFFFu, 0xB504F333u, 0xFFFFFFFFu}) {
    for (uint32_t octant = 0; octant < 8; ++octant) {
      for (const uint32_t offset : {0u, 1u, 0x10000000u, 0x1FFFFFFFu}) check(a, (octant << 29) + offset);
    }
  }
}

TEST_CASE("A pair has the same bits everywhere") {
  // Written down once: they may never change.
  const NormalPair pair = NormalPairOf(0x01234567, 0x89ABCDEF);
  CHECK(__builtin_bit_cast(uint64_t, pair.first) == 0xC009977216B4BA99);
  CHECK(__builtin_bit_cast(uint64_t, pair.second) == 0xBFE8C3D8937EC996);
}

}  // namespace
}  // namespace pumasi
