// Normal random numbers that are the same bits on every machine.
#ifndef PUMASI_OPS_NORMAL_PAIR_H_
#define PUMASI_OPS_NORMAL_PAIR_H_

#include <cstdint>

namespace pumasi {

struct NormalPair {
  double first = 0;
  double second = 0;
};

// Two independent normal numbers (mean 0, variance 1) from two random words (Box, Muller, "A note on the generation of
// random normal deviates", 1958): with u = (a + 1/2) / 2³² and v = b / 2³², √(−2 ln u) times cos 2πv and sin 2πv. No
// magnitude is above 6.8. Logarithm, cosine and sine are polynomials of sums, products, quotients and square roots in a
// fixed order, each exactly rounded, so that the bits depend on no library and no instruction set; they are within
// 1e-15 of the true values. A pure function, thread-safe.
NormalPair NormalPairOf(uint32_t a, uint32_t b);

}  // namespace pumasi

#endif  // PUMASI_OPS_NORMAL_PAIR_H_
