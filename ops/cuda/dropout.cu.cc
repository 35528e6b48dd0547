#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include <cmath>

#include "ops/cuda/dropout.h"
#include "ops/philox.h"

namespace pumasi::cuda {
namespace {

struct Draw {
  uint64_t draws;
  uint32_t threshold;
  float kept;

  Draw(uint64_t draws, double rate)
      : draws(draws),
        threshold(static_cast<uint32_t>(std::lround(rate * (1 << 24)))),
        kept(static_cast<float>(1 / (1 - rate))) {}

  // The four factors of a column and its neighbours come from one block; drawing it anew for each column costs less
  // than passing it on.
  __device__ float operator()(uint32_t row, uint32_t step, uint32_t use, int column) const {
    const PhiloxBlock words = Philox(draws, {{static_cast<uint32_t>(column / 4), row, step, use}});
    return (words.word[column % 4] >> 8) < threshold ? 0.0f : kept;
  }
};

struct FillRows {
  Draw draw;
  uint32_t use;
  int width;
  float* factors;

  __device__ void operator()(size_t row, int column) const {
    factors[row * width + column] = draw(static_cast<uint32_t>(row), 0, use, column);
  }
};

// `from` null: out times the factors.
struct Drop {
  Draw draw;
  bool whole_columns;
  const uint32_t *row_of_token, *offsets, *vector_of_token;  // null: token t is row t
  int width;
  const float* from;
  float* out;

  __device__ void operator()(size_t token, int column) const {
    const uint32_t row = row_of_token == nullptr ? static_cast<uint32_t>(token) : row_of_token[token];
    const uint32_t step = row_of_token == nullptr || whole_columns ? 0 : static_cast<uint32_t>(token) - offsets[row];
    const float factor = draw(row, step, static_cast<uint32_t>(DropoutUse::kInput), column);
    float& to = out[token * width + column];
    if (from == nullptr) {
      to = to * factor;
    } else {
      const size_t vector = vector_of_token == nullptr ? token : vector_of_token[token];
      to = from[vector * width + column] * factor;
    }
  }
};

void DropAll(Stream* stream, uint64_t draws, double rate, bool whole_columns, const SequenceIndex* index, size_t rows,
             int width, const float* from, float* out) {
  Drop drop = {Draw(draws, rate), whole_columns, nullptr, nullptr, nullptr, width, from, out};
  if (index != nullptr) {
    drop.row_of_token = index->row_of_token();
    drop.offsets = index->offsets();
    drop.vector_of_token = index->vector_of_token();
  }
  ForEachInRows(stream, index == nullptr ? rows : index->tokens(), width, drop);
}

}  // namespace

void DropoutRows(Stream* stream, uint64_t draws, DropoutUse use, double rate, size_t rows, int width, float* factors) {
  ForEachInRows(stream, rows, width, FillRows{Draw(draws, rate), static_cast<uint32_t>(use), width, factors});
}

void DropoutForward(Stream* stream, uint64_t draws, double rate, bool whole_columns, const SequenceIndex* index,
                    size_t rows, int width, const float* vectors, float* out) {
  DropAll(stream, draws, rate, whole_columns, index, rows, width, vectors, out);
}

void DropoutBackward(Stream* stream, uint64_t draws, double rate, bool whole_columns, const SequenceIndex* index,
                     size_t rows, int width, float* gradient) {
  DropAll(stream, draws, rate, whole_columns, index, rows, width, nullptr, gradient);
}

}  // namespace pumasi::cuda
