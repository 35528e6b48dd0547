// Counter-based random numbers of additions, rotations and exclusive ors of 32 bits, which vectors have for all their
// lanes at once: several times as fast as Philox (ops/philox.h) where very many are needed. Threefry4x32 of Salmon,
// Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), with 13 rounds: one more than what
// passed all of their tests.
#ifndef PUMASI_OPS_THREEFRY_H_
#define PUMASI_OPS_THREEFRY_H_

#include <cstdint>

#include "ops/vector_clones.h"

namespace pumasi {

struct ThreefryBlock {
  uint32_t word[4];
};

PUMASI_INLINE void ThreefryMix(uint32_t& a, uint32_t& b, int by) {
  a += b;
  b = (b << by | b >> (32 - by)) ^ a;
}

// The four words of a counter under a key. A pure function, thread-safe.
PUMASI_INLINE ThreefryBlock Threefry(const ThreefryBlock& key, const ThreefryBlock& counter) {
  const uint32_t k0 = key.word[0], k1 = key.word[1], k2 = key.word[2], k3 = key.word[3];
  const uint32_t k4 = 0x1BD11BDA ^ k0 ^ k1 ^ k2 ^ k3;
  uint32_t x0 = counter.word[0] + k0, x1 = counter.word[1] + k1, x2 = counter.word[2] + k2, x3 = counter.word[3] + k3;
  // A round is two mixes; after every fourth one the key comes in again, one word further on.
  ThreefryMix(x0, x1, 10), ThreefryMix(x2, x3, 26);
  ThreefryMix(x0, x3, 11), ThreefryMix(x2, x1, 21);
  ThreefryMix(x0, x1, 13), ThreefryMix(x2, x3, 27);
  ThreefryMix(x0, x3, 23), ThreefryMix(x2, x1, 5);
  x0 += k1, x1 += k2, x2 += k3, x3 += k4 + 1;
  ThreefryMix(x0, x1, 6), ThreefryMix(x2, x3, 20);
  ThreefryMix(x0, x3, 17), ThreefryMix(x2, x1, 11);
  ThreefryMix(x0, x1, 25), ThreefryMix(x2, x3, 10);
  ThreefryMix(x0, x3, 18), ThreefryMix(x2, x1, 20);
  x0 += k2, x1 += k3, x2 += k4, x3 += k0 + 2;
  ThreefryMix(x0, x1, 10), ThreefryMix(x2, x3, 26);
  ThreefryMix(x0, x3, 11), ThreefryMix(x2, x1, 21);
  ThreefryMix(x0, x1, 13), ThreefryMix(x2, x3, 27);
  ThreefryMix(x0, x3, 23), ThreefryMix(x2, x1, 5);
  x0 += k3, x1 += k4, x2 += k0, x3 += k1 + 3;
  ThreefryMix(x0, x1, 6), ThreefryMix(x2, x3, 20);
  return {{x0, x1, x2, x3}};
}

}  // namespace pumasi

#endif  // PUMASI_OPS_THREEFRY_H_
