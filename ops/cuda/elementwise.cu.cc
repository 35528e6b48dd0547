#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/elementwise.h"

namespace pumasi::cuda {
namespace {

struct Add {
  const float* x;
  float* out;
  __device__ void operator()(size_t i) const { out[i] += x[i]; }
};

struct Times {
  const float *x, *y;
  float* out;
  __device__ void operator()(size_t i) const { out[i] = x[i] * y[i]; }
};

struct Scaled {
  float factor;
  const float* x;
  float* out;
  __device__ void operator()(size_t i) const { out[i] = factor * x[i]; }
};

struct CopyColumn {
  const float* from;
  int from_width;
  float* to;
  int to_width;
  __device__ void operator()(size_t row, int column) const {
    to[row * to_width + column] = from[row * from_width + column];
  }
};

}  // namespace

void AddTo(Stream* stream, size_t count, const float* x, float* out) { ForEach(stream, count, Add{x, out}); }

void Multiply(Stream* stream, size_t count, const float* x, const float* y, float* out) {
  ForEach(stream, count, Times{x, y, out});
}

void Scale(Stream* stream, size_t count, float factor, const float* x, float* out) {
  ForEach(stream, count, Scaled{factor, x, out});
}

void CopyColumns(Stream* stream, size_t rows, int width, const float* from, int from_width, float* to, int to_width) {
  ForEachInRows(stream, rows, width, CopyColumn{from, from_width, to, to_width});
}

}  // namespace pumasi::cuda
