#include "ops/row_groups.h"

#include <algorithm>

#include "ops/vector_clones.h"

namespace pumasi {
namespace {

// Columns summed together: their sums stay in the first-level cache.
constexpr size_t kBlock = 2048;

PUMASI_VECTOR_CLONES void AddRow(size_t width, const float* __restrict row, float* __restrict sum) {
  for (size_t i = 0; i < width; ++i) sum[i] += row[i];
}

PUMASI_VECTOR_CLONES void AddTwoRows(size_t width, const float* __restrict a, const float* __restrict b,
                                     float* __restrict sum) {
  for (size_t i = 0; i < width; ++i) sum[i] = a[i] + b[i];
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
  for (size_t g = 0; g + 1 < first_.size(); ++g) {
    float* sum = out + g * width;
    const uint32_t* row = rows_.data() + first_[g];
    const uint32_t* end = rows_.data() + first_[g + 1];
    if (row == end) {
      std::fill_n(sum, width, 0.0f);
      continue;
    }
    if (end - row == 1) {
      std::copy_n(rows + *row * width, width, sum);
      continue;
    }
    AddTwoRows(width, rows + row[0] * width, rows + row[1] * width, sum);
    for (row += 2; row != end; ++row) AddRow(width, rows + *row * width, sum);
  }
}

void SumRows(size_t rows, size_t width, const float* values, float* out) {
  std::fill_n(out, width, 0.0f);
  for (size_t begin = 0; begin < width; begin += kBlock) {
    const size_t block = std::min(kBlock, width - begin);
    for (size_t row = 0; row < rows; ++row) AddRow(block, values + row * width + begin, out + begin);
  }
}

}  // namespace pumasi
