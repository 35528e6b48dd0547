// Rounding to bfloat16 at random: to one of the two neighbours, to each with the probability with which the value lies
// towards it, so that the expected result is the value itself, and what many roundings drop averages out (Croci, Fasi,
// Higham, Mary, Mikaitis, "Stochastic rounding: implementation, error analysis and applications", Royal Society Open
// Science 9, 2022). The random bits are drawn by counter (ops/threefry.h) from where the value stands, never from what
// was drawn before: whoever rounds a value gets the same result.
#ifndef PUMASI_OPS_STOCHASTIC_ROUNDING_H_
#define PUMASI_OPS_STOCHASTIC_ROUNDING_H_

#include <cstddef>
#include <cstdint>

namespace pumasi {

// What the gradient of parts [first, end) of batch number `version` draws from. `seed`: the job's. A pure function;
// dropout (ops/dropout.h) draws from other words.
uint64_t RoundingStream(uint64_t seed, uint64_t version, uint32_t first, uint32_t end);

// Rounds the values of one row of a table, in place: 16 random bits are added to a value's, then the lower half is
// cleared. Those of value i are of the Threefry block with
//   key {stream's lower word, its upper word, 0, 0} and counter {8·(i / 64) + i % 8, row's two words likewise, table}:
// of word i / 8 % 4 the lower half where i / 32 is even, otherwise the upper one.
//
// Values that are a bfloat16 stay what they are, so do NaN (which becomes a quiet one) and infinity; no finite value
// becomes infinite: those beyond the largest bfloat16 become that one. Thread-safe; the bits do not depend on the
// instruction set.
void RoundStochastically(uint64_t stream, uint32_t table, uint64_t row, size_t count, float* values);

}  // namespace pumasi

#endif  // PUMASI_OPS_STOCHASTIC_ROUNDING_H_
