// Pooling over a whole row on a device: the twin of ops/pooling.h.
#ifndef PUMASI_OPS_CUDA_POOLING_H_
#define PUMASI_OPS_CUDA_POOLING_H_

#include <cstdint>

#include "ops/cuda/buffer.h"
#include "ops/cuda/sequence_index.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// out[rows × width] = the largest value of each column; largest[rows × width] gets the token that it came from, the
// first one of equals. A NaN in a column gives NaN; a row without tokens zeros.
void GlobalMaxForward(Stream* stream, const SequenceIndex& index, int width, const float* vectors, float* out,
                      uint32_t* largest);

// vectors_gradient[distinct × width] from out_gradient[rows × width]. `by_token` is working memory.
void GlobalMaxBackward(Stream* stream, SequenceIndex* index, int width, const float* out_gradient,
                       const uint32_t* largest, DeviceBuffer<float>* by_token, float* vectors_gradient);

// out[rows × width] = the mean of each column; a row without tokens gives zeros.
void GlobalAverageForward(Stream* stream, const SequenceIndex& index, int width, const float* vectors, float* out);

void GlobalAverageBackward(Stream* stream, SequenceIndex* index, int width, const float* out_gradient,
                           DeviceBuffer<float>* by_token, float* vectors_gradient);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_POOLING_H_
