// Sequences as one vector a row on a device: the twin of ops/flatten.h.
#ifndef PUMASI_OPS_CUDA_FLATTEN_H_
#define PUMASI_OPS_CUDA_FLATTEN_H_

#include "ops/cuda/buffer.h"
#include "ops/cuda/sequence_index.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// out[rows × steps·width].
void FlattenForward(Stream* stream, const SequenceIndex& index, int width, int steps, const float* vectors, float* out);

// vectors_gradient[distinct × width] from out_gradient[rows × steps·width]. `by_token` is working memory.
void FlattenBackward(Stream* stream, SequenceIndex* index, int width, int steps, const float* out_gradient,
                     DeviceBuffer<float>* by_token, float* vectors_gradient);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_FLATTEN_H_
