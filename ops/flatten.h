// Sequences as one vector a row: the first `steps` vectors side by side, zeros where the row is shorter. As Keras'
// Flatten behind sequences that were padded with zeros at their end.
#ifndef PUMASI_OPS_FLATTEN_H_
#define PUMASI_OPS_FLATTEN_H_

#include <cstdint>

#include "ops/sequences.h"

namespace pumasi {

// out[rows × steps·width]. Thread-safe.
void FlattenForward(const IndexedSequences& input, uint32_t steps, float* out);

// vectors_gradient[distinct × width] from out_gradient[rows × steps·width]. Thread-safe.
void FlattenBackward(const IndexedSequences& input, uint32_t steps, const float* out_gradient, float* vectors_gradient);

}  // namespace pumasi

#endif  // PUMASI_OPS_FLATTEN_H_
