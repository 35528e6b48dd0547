// Dropout's factors: 0 with probability `rate`, otherwise 1 / (1 − rate) (Srivastava et al., "Dropout", 2014, in the
// inverted form). They are drawn by counter (ops/philox.h) from where they are used, never from what was drawn before:
// a part that is computed again, or by another worker, drops the same values.
#ifndef PUMASI_OPS_DROPOUT_H_
#define PUMASI_OPS_DROPOUT_H_

#include <cstddef>
#include <cstdint>

namespace pumasi {

// What a part's draws depend on.
struct DropoutKey {
  uint64_t seed = 0;     // the job's
  uint64_t version = 0;  // batches applied before
  uint32_t part = 0;     // of the batch
};

// What one layer of a part draws from. A pure function.
uint64_t DropoutStream(const DropoutKey& key, uint32_t layer);

// What a layer draws: each use has numbers of its own.
enum class DropoutUse : uint32_t { kInput = 0, kState = 1, kBackwardInput = 2, kBackwardState = 3 };

// The place of a vector of factors: the row in its part, and the step in the row where each step has its own.
struct DropoutPlace {
  uint32_t row = 0;
  uint32_t step = 0;
  DropoutUse use = DropoutUse::kInput;
};

// factors[count]. Factor i is word i % 4 of the Philox block {i / 4, row, step, use}; it is 0 where the word's upper 24
// bits are below rate·2²⁴. REQUIRES: 0 ≤ rate < 1. Thread-safe.
void DropoutFactors(uint64_t stream, const DropoutPlace& place, double rate, size_t count, float* factors);

}  // namespace pumasi

#endif  // PUMASI_OPS_DROPOUT_H_
