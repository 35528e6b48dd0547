#include "worker/input/row_order.h"

#include <bit>

#include "common/mix_bits.h"

namespace pumasi {
namespace {

// Four rounds make a pseudo-random permutation (Luby and Rackoff); halves here may be few bits, so twice as many.
constexpr int kRounds = 8;

}  // namespace

uint64_t ShuffledRow(uint64_t seed, uint64_t epoch, uint64_t index, uint64_t rows) {
  if (rows <= 1) return 0;
  const int half_bits = (std::bit_width(rows - 1) + 1) / 2;
  const uint64_t mask = (uint64_t{1} << half_bits) - 1;
  const uint64_t key = MixBits(seed, epoch);
  uint64_t place = index;
  do {
    uint64_t left = place >> half_bits;
    uint64_t right = place & mask;
    for (int round = 0; round < kRounds; ++round) {
      // The upper bits of the mix are as good as the lower; the round goes where no half reaches.
      const uint64_t next = left ^ (MixBits(key, right | uint64_t(round + 1) << 40) & mask);
      left = right;
      right = next;
    }
    place = left << half_bits | right;
  } while (place >= rows);
  return place;
}

}  // namespace pumasi
