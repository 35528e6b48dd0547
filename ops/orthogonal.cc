#include "ops/orthogonal.h"

#include <cmath>

#include "ops/vector_clones.h"

namespace pumasi {
namespace {

// Partial sums that are kept apart: the order of additions is fixed here, whatever the width of the machine's vectors.
constexpr size_t kLanes = 16;

PUMASI_INLINE double Dot(size_t length, const double* __restrict a, const double* __restrict b) {
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= length; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  for (size_t lane = 0; i < length; ++i, ++lane) lanes[lane] += a[i] * b[i];
  for (size_t width = kLanes / 2; width > 0; width /= 2) {
    for (size_t lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

// Scales `vector` to length 1, or to 0 where it was 0.
PUMASI_VECTOR_CLONES void Normalize(size_t length, double* vector) {
  double squares = 0;
  for (size_t i = 0; i < length; ++i) squares += vector[i] * vector[i];
  const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (size_t i = 0; i < length; ++i) vector[i] *= scale;
}

// Takes from each of `count` vectors its part along `unit`.
PUMASI_VECTOR_CLONES void RemoveDirection(size_t count, size_t length, const double* __restrict unit,
                                          double* __restrict vectors) {
  for (size_t v = 0; v < count; ++v) {
    double* __restrict vector = vectors + v * length;
    const double along = Dot(length, unit, vector);
    for (size_t i = 0; i < length; ++i) vector[i] -= along * unit[i];
  }
}

}  // namespace

void Orthonormalize(size_t count, size_t length, double* vectors) {
  for (int pass = 0; pass < 2; ++pass) {
    for (size_t v = 0; v < count; ++v) {
      double* vector = vectors + v * length;
      Normalize(length, vector);
      RemoveDirection(count - v - 1, length, vector, vector + length);
    }
  }
}

}  // namespace pumasi
