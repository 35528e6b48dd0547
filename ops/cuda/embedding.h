// Rows of a table by index, on a device: the twin of ops/embedding.h.
#ifndef PUMASI_OPS_CUDA_EMBEDDING_H_
#define PUMASI_OPS_CUDA_EMBEDDING_H_

#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// out[count × width]: row index[i] of table[· × width] at i; `index` null: row i.
void GatherRows(Stream* stream, int width, const float* table, const uint32_t* index, size_t count, float* out);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_EMBEDDING_H_
