#include "ops/exact_sum.h"

#include <cmath>

#include "ops/vector_clones.h"

namespace pumasi {

namespace {

constexpr int kLowest = -320;

}  // namespace

void ExactSum::Add(double number) {
  if (!std::isfinite(number)) {
    finite_ = false;
    return;
  }
  if (number == 0) return;
  int exponent;
  // A whole number of 53 bits times 2^(exponent - 53).
  const auto whole = static_cast<uint64_t>(std::ldexp(std::frexp(number, &exponent), 53));
  int place = exponent - 53 - kLowest;
  // Its bits below the lowest place are zeros, by contract.
  unsigned __int128 bits = whole;
  if (place < 0) bits >>= -place, place = 0;
  bits <<= place % 32;
  for (int chunk = place / 32; bits != 0; ++chunk, bits >>= 32) {
    if (chunk >= kChunks) {
      finite_ = false;
      return;
    }
    chunks_[chunk] += static_cast<int64_t>(bits & 0xffffffffu);
  }
  if (++added_ >= kRoom) Carry();
}

void ExactSum::Add(const ExactSum& other) {
  const std::array<int64_t, kChunks> chunks = other.Carried();
  for (int i = 0; i < kChunks; ++i) chunks_[i] += chunks[i];
  finite_ = finite_ && other.finite_;
  Carry();
}

void ExactSum::Carry() {
  chunks_ = Carried();
  added_ = 0;
}

std::array<int64_t, ExactSum::kChunks> ExactSum::Carried() const {
  std::array<int64_t, kChunks> chunks = chunks_;
  for (int i = 0; i + 1 < kChunks; ++i) {
    chunks[i + 1] += chunks[i] >> 32;
    chunks[i] &= 0xffffffff;
  }
  return chunks;
}

double ExactSum::Value() const {
  if (!finite_) return std::nan("");
  const std::array<int64_t, kChunks> chunks = Carried();
  double sum = 0;
  for (int i = 0; i < kChunks; ++i) sum += std::ldexp(static_cast<double>(chunks[i]), 32 * i + kLowest);
  return sum;
}

PUMASI_VECTOR_CLONES double SumOfSquares(size_t count, const float* values) {
  constexpr size_t kLanes = 8;
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const double value = values[i + lane];
      lanes[lane] += value * value;
    }
  }
  for (size_t lane = 0; i < count; ++i, ++lane) {
    const double value = values[i];
    lanes[lane] += value * value;
  }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

}  // namespace pumasi
