// Sums and products of arrays on a device, value by value: the twin of ops/elementwise.h.
#ifndef PUMASI_OPS_CUDA_ELEMENTWISE_H_
#define PUMASI_OPS_CUDA_ELEMENTWISE_H_

#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// out[i] += x[i].
void AddTo(Stream* stream, size_t count, const float* x, float* out);
// out[i] = x[i]·y[i]; `out` may be either.
void Multiply(Stream* stream, size_t count, const float* x, const float* y, float* out);
// out[i] = factor·x[i]; `out` may be `x`.
void Scale(Stream* stream, size_t count, float factor, const float* x, float* out);
// to[rows × width], whose rows are to_width apart, = from, whose rows are from_width apart.
void CopyColumns(Stream* stream, size_t rows, int width, const float* from, int from_width, float* to, int to_width);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_ELEMENTWISE_H_
