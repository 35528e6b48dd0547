// Sums and products of arrays, value by value. Thread-safe; the same bits whatever the instruction set.
#ifndef PUMASI_OPS_ELEMENTWISE_H_
#define PUMASI_OPS_ELEMENTWISE_H_

#include <cstddef>

namespace pumasi {

// out[i] += x[i]. The two must not overlap.
void AddTo(size_t count, const float* x, float* out);

// out[i] *= x[i]. The two must not overlap.
void MultiplyBy(size_t count, const float* x, float* out);

// out[i] = x[i]·y[i]. `out` must overlap neither.
void Multiply(size_t count, const float* x, const float* y, float* out);

// out[i] += factor·x[i]. The two must not overlap.
void AddScaled(size_t count, float factor, const float* x, float* out);

// out[i] = factor·x[i]; `out` may be `x`.
void Scale(size_t count, float factor, const float* x, float* out);

// Σ x[i]·y[i], added in ascending order.
float Dot(size_t count, const float* x, const float* y);

}  // namespace pumasi

#endif  // PUMASI_OPS_ELEMENTWISE_H_
