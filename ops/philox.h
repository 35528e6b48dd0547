// Counter-based random numbers: Philox4x32-10 of Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2,
// 3" (SC 2011). The numbers of a counter do not depend on what was drawn before, so each row can be drawn where it
// lives.
#ifndef PUMASI_OPS_PHILOX_H_
#define PUMASI_OPS_PHILOX_H_

#include <cstdint>

#include "ops/vector_clones.h"

namespace pumasi {

struct PhiloxBlock {
  uint32_t word[4];
};

// The four words of a counter under a key; all 2^192 pairs of arguments may be used. A pure function, thread-safe.
PUMASI_INLINE PhiloxBlock Philox(uint64_t key, const PhiloxBlock& counter) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  uint32_t key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
  uint32_t c0 = counter.word[0], c1 = counter.word[1], c2 = counter.word[2], c3 = counter.word[3];
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = kMultiplier0 * c0;
    const uint64_t product1 = kMultiplier1 * c2;
    c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ key0;
    c1 = static_cast<uint32_t>(product1);
    c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ key1;
    c3 = static_cast<uint32_t>(product0);
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace pumasi

#endif  // PUMASI_OPS_PHILOX_H_
