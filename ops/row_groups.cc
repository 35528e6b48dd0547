#include "ops/row_groups.h"

#include <algorithm>

#include "ops/vector_clones.h"

namespace pumasi {
namespace {

// Columns summed together: their sums stay in the first-level cache.
constexpr size_t kBlock = 2048;

// sum[width] += each of the rows, which are `step` apart.
PUMASI_VECTOR_CLONES void AddRows(size_t rows, size_t width, size_t step, const float* __restrict values,
                                  float* __restrict sum) {
  for (size_t row = 0; row < rows; ++row, values += step) {
    for (size_t i = 0; i < width; ++i) sum[i] += values[i];
  }
}

// Rows come in no order that the processor could foresee.
PUMASI_INLINE void Fetch(size_t width, const float* row) {
  constexpr size_t kLine = 16, kMost = 8;
  for (size_t line = 0; line < kMost && line * kLine < width; ++line) __builtin_prefetch(row + line * kLine);
}

// sum[width] of rows[index] for the indices in [row, end), of which there is one at least.
PUMASI_VECTOR_CLONES void SumIndexed(size_t width, const float* __restrict rows, const uint32_t* row,
                                     const uint32_t* end, float* __restrict sum) {
  const float* const first = rows + *row++ * width;
  if (row == end) {
    for (size_t i = 0; i < width; ++i) sum[i] = first[i];
    return;
  }
  const float* const second = rows + *row++ * width;
  for (size_t i = 0; i < width; ++i) sum[i] = first[i] + second[i];
  for (; row != end; ++row) {
    const float* const next = rows + *row * width;
    for (size_t i = 0; i < width; ++i) sum[i] += next[i];
  }
}

}  // namespace

void RowGroups::Build(size_t groups, size_t count, const uint32_t* order, const uint32_t* index) {
  first_.assign(groups + 1, 0);
  for (size_t p = 0; p < count; ++p) ++first_[index[order[p]] + 1];
  for (size_t g = 0; g < groups; ++g) first_[g + 1] += first_[g];
  next_.assign(first_.begin(), first_.end() - 1);
  rows_.resize(count);
  for (size_t p = 0; p < count; ++p) rows_[next_[index[order[p]]]++] = static_cast<uint32_t>(p);
}

void RowGroups::Sum(size_t width, const float* rows, float* out) const {
  constexpr ptrdiff_t kAhead = 12;
  const uint32_t* const last = rows_.data() + rows_.size();
  for (size_t g = 0; g + 1 < first_.size(); ++g) {
    float* sum = out + g * width;
    const uint32_t* row = rows_.data() + first_[g];
    const uint32_t* end = rows_.data() + first_[g + 1];
    for (const uint32_t *ahead = row + std::min(kAhead, last - row), *stop = end + std::min(kAhead, last - end);
         ahead < stop; ++ahead) {
      Fetch(width, rows + *ahead * width);
    }
    if (row == end) {
      std::fill_n(sum, width, 0.0f);
    } else {
      SumIndexed(width, rows, row, end, sum);
    }
  }
}

void SumRows(size_t rows, size_t width, const float* values, float* out) {
  std::fill_n(out, width, 0.0f);
  for (size_t begin = 0; begin < width; begin += kBlock) {
    const size_t block = std::min(kBlock, width - begin);
    AddRows(rows, block, width, values + begin, out + begin);
  }
}

}  // namespace pumasi
