#ifndef PUMASI_COMMON_MIX_BITS_H_
#define PUMASI_COMMON_MIX_BITS_H_

#include <cstdint>

namespace pumasi {

// 2^64 divided by the golden ratio: SplitMix64's step from one state to the next.
inline constexpr uint64_t kGoldenRatio = 0x9E3779B97F4A7C15;

// A bijection of 64-bit numbers whose result looks random: the finisher of SplitMix64 (Steele, Lea and Flood, 2014;
// constants of Stafford's variant 13). Part of what a job's seed and slots mean: never change it.
constexpr uint64_t MixBits(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

// A random-looking number for a counter under a key; numbers of different keys or counters look unrelated.
constexpr uint64_t MixBits(uint64_t key, uint64_t counter) {
  return MixBits(MixBits(key + kGoldenRatio) ^ MixBits(counter * 0xD1342543DE82EF95 + 0x2545F4914F6CDD1D));
}

}  // namespace pumasi

#endif  // PUMASI_COMMON_MIX_BITS_H_
