// Pooling over a whole row: one vector from its tokens' vectors. A row without tokens gives zeros. Plain versions stand
// in ops/sequence_reference.h.
#ifndef PUMASI_OPS_POOLING_H_
#define PUMASI_OPS_POOLING_H_

#include <cstdint>

#include "ops/sequences.h"

namespace pumasi {

// out[rows × width] = the largest value of each column; largest[rows × width] gets the vector (an index below
// `distinct`) that it came from, the first one of equals; unspecified for a row without tokens. A NaN in a column gives
// NaN. Thread-safe.
void GlobalMaxForward(const IndexedSequences& input, float* out, uint32_t* largest);

// vectors_gradient[distinct × width] from out_gradient[rows × width]: the whole gradient goes to the first of equals.
// Thread-safe.
void GlobalMaxBackward(const IndexedSequences& input, const float* out_gradient, const uint32_t* largest,
                       float* vectors_gradient);

// out[rows × width] = the mean of each column. Thread-safe.
void GlobalAverageForward(const IndexedSequences& input, float* out);

// vectors_gradient[distinct × width] from out_gradient[rows × width]. Thread-safe.
void GlobalAverageBackward(const IndexedSequences& input, const float* out_gradient, float* vectors_gradient);

}  // namespace pumasi

#endif  // PUMASI_OPS_POOLING_H_
