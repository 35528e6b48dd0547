// Dropout on a device: the factors of ops/dropout.h, to the bit, drawn where they are used.
#ifndef PUMASI_OPS_CUDA_DROPOUT_H_
#define PUMASI_OPS_CUDA_DROPOUT_H_

#include "ops/cuda/sequence_index.h"
#include "ops/cuda/stream.h"
#include "ops/dropout.h"

namespace pumasi::cuda {

// factors[rows × width]: row r gets pumasi::DropoutFactors of {r, 0, use}.
void DropoutRows(Stream* stream, uint64_t draws, DropoutUse use, double rate, size_t rows, int width, float* factors);

// Token k of row r and its factors {r, k, kInput}, or with `whole_columns` {r, 0, kInput}:
// out[tokens × width] = vector·factors. `index` null: one vector a row, out[rows × width].
void DropoutForward(Stream* stream, uint64_t draws, double rate, bool whole_columns, const SequenceIndex* index,
                    size_t rows, int width, const float* vectors, float* out);

// gradient[tokens or rows × width] times the same factors, in place.
void DropoutBackward(Stream* stream, uint64_t draws, double rate, bool whole_columns, const SequenceIndex* index,
                     size_t rows, int width, float* gradient);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_DROPOUT_H_
