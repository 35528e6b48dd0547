#include "ops/product/pack.h"

#include <xmmintrin.h>

#include <algorithm>
#include <cstring>

#include "ops/buffer.h"
#include "ops/product/bf16.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

constexpr int kLanes = 16;

int RoundedUp(int columns) { return (columns + kLanes - 1) / kLanes * kLanes; }

// words[count / 2, rounded up] from a row of A.
PUMASI_VECTOR_CLONES void PairsAlong(size_t count, const float* __restrict x, ProductWord* __restrict words) {
  for (size_t i = 0; i < count / 2; ++i) words[i] = Bf16Pair(x[2 * i], x[2 * i + 1]);
  if (count % 2 != 0) words[count / 2] = Bf16Pair(x[count - 1], 0.0f);
}

// words[count] from two rows of B, or from its last one and zeros.
PUMASI_VECTOR_CLONES void PairsAcross(size_t count, const float* __restrict even, const float* __restrict odd,
                                      ProductWord* __restrict words) {
  for (size_t i = 0; i < count; ++i) words[i] = Bf16Pair(even[i], odd[i]);
}

PUMASI_VECTOR_CLONES void PairsWithZero(size_t count, const float* __restrict even, ProductWord* __restrict words) {
  for (size_t i = 0; i < count; ++i) words[i] = Bf16Pair(even[i], 0.0f);
}

// Rows 2p and 2p + 1 of a matrix with `depth` rows.
void PairsOfRows(int p, int depth, size_t count, const float* matrix, ptrdiff_t row, ProductWord* words) {
  const float* const even = matrix + 2 * p * row;
  if (2 * p + 1 < depth) {
    PairsAcross(count, even, even + row, words);
  } else {
    PairsWithZero(count, even, words);
  }
}

void CopyRows(int depth, int columns, const float* b, ptrdiff_t row, ProductWord* words) {
  // The two usual widths, whose copies become a few instructions.
  if (columns == kTileColumns) {
    for (int p = 0; p < depth; ++p) std::memcpy(words + p * kTileColumns, b + p * row, kTileColumns * sizeof(float));
  } else if (columns == kLanes) {
    for (int p = 0; p < depth; ++p) std::memcpy(words + p * kTileColumns, b + p * row, kLanes * sizeof(float));
  } else {
    for (int p = 0; p < depth; ++p) std::memcpy(words + p * kTileColumns, b + p * row, columns * sizeof(float));
  }
}

void ZeroColumns(int words, int columns, ProductWord* panel) {
  const int end = RoundedUp(columns);
  if (end == columns) return;
  for (int p = 0; p < words; ++p) std::fill_n(panel + p * kTileColumns + columns, end - columns, 0u);
}

// to[p·kTileColumns + j] = from[j·row + p] for 4 by 4 words, in registers.
void TransposeFour(const float* from, ptrdiff_t row, float* to) {
  __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + row);
  __m128 c = _mm_loadu_ps(from + 2 * row), d = _mm_loadu_ps(from + 3 * row);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(to, a);
  _mm_storeu_ps(to + kTileColumns, b);
  _mm_storeu_ps(to + 2 * kTileColumns, c);
  _mm_storeu_ps(to + 3 * kTileColumns, d);
}

// panel[p·kTileColumns + j] = rows[j·row + p], in squares whose lines are read and written once.
void Transpose(int words, int columns, const ProductWord* rows, ptrdiff_t row, ProductWord* panel) {
  const int whole_words = words / kLanes * kLanes, whole_columns = columns / kLanes * kLanes;
  for (int p = 0; p < whole_words; p += kLanes) {
    for (int j = 0; j < whole_columns; j += kLanes) {
      for (int x = j; x < j + kLanes; x += 4) {
        for (int y = p; y < p + kLanes; y += 4) {
          TransposeFour(reinterpret_cast<const float*>(rows + x * row + y), row,
                        reinterpret_cast<float*>(panel + y * kTileColumns + x));
        }
      }
    }
  }
  for (int j = 0; j < columns; ++j) {
    for (int p = j < whole_columns ? whole_words : 0; p < words; ++p) panel[p * kTileColumns + j] = rows[j * row + p];
  }
}

// Two rows of words with the values of two columns each, side by side, to those columns' words with the rows' values.
PUMASI_VECTOR_CLONES void ExchangePairs(size_t count, const ProductWord* __restrict even,
                                        const ProductWord* __restrict odd, ProductWord* __restrict out) {
  for (size_t i = 0; i < count; ++i) {
    out[2 * i] = (even[i] & 0xffff0000u) | (odd[i] >> 16);
    out[2 * i + 1] = (even[i] << 16) | (odd[i] & 0xffffu);
  }
}

}  // namespace

void PackPanel(Precision precision, int depth, int columns, const float* b, ptrdiff_t row, ProductWord* words) {
  if (precision == Precision::kFloat32) {
    CopyRows(depth, columns, b, row, words);
  } else {
    for (int p = 0; p < WordsOf(precision, depth); ++p) {
      PairsOfRows(p, depth, columns, b, row, words + p * kTileColumns);
    }
  }
  ZeroColumns(WordsOf(precision, depth), columns, words);
}

void PackPanelTransposed(Precision precision, int depth, int columns, const float* b, ptrdiff_t row,
                         ProductWord* words) {
  const int count = WordsOf(precision, depth);
  if (precision == Precision::kFloat32) {
    Transpose(count, columns, reinterpret_cast<const ProductWord*>(b), row, words);
  } else {
    thread_local Buffer<uint32_t> pairs;
    ProductWord* const rows = pairs.Reserve(static_cast<size_t>(columns) * count);
    PackRowsBf16(columns, depth, b, row, count, rows);
    Transpose(count, columns, rows, count, words);
  }
  ZeroColumns(count, columns, words);
}

void PackTransposedSquareBf16(int words, const ProductWord* square, ProductWord* out) {
  constexpr int kPairs = kTileColumns / 2;
  alignas(64) ProductWord turned[kTileColumns * kTileColumns];
  Transpose(kTileColumns, words, square, kTileColumns, turned);
  for (int p = 0; p < kPairs; ++p) {
    const ProductWord* const even = turned + 2 * p * kTileColumns;
    ProductWord* const to = out + p * kTileColumns;
    ExchangePairs(words, even, even + kTileColumns, to);
    std::fill(to + 2 * words, to + kTileColumns, 0u);
  }
}

void PackRowsBf16(int rows, int depth, const float* a, ptrdiff_t row, ptrdiff_t words_row, ProductWord* words) {
  if (row == depth && words_row * 2 == depth) return PairsAlong(static_cast<size_t>(rows) * depth, a, words);
  for (int i = 0; i < rows; ++i) PairsAlong(depth, a + i * row, words + i * words_row);
}

void PackRowsTransposed(Precision precision, int rows, int depth, const float* a, ptrdiff_t row, ProductWord* words) {
  const int count = WordsOf(precision, depth);
  const size_t group = static_cast<size_t>(count) * kTileRows;
  thread_local Buffer<uint32_t> pairs;
  ProductWord* const pair_row = precision == Precision::kBf16 ? pairs.Reserve(rows) : nullptr;
  const int whole = rows / kTileRows;
  for (int p = 0; p < count; ++p) {
    const ProductWord* from = reinterpret_cast<const ProductWord*>(a + p * row);
    if (precision == Precision::kBf16) {
      PairsOfRows(p, depth, rows, a, row, pair_row);
      from = pair_row;
    }
    ProductWord* to = words + p * kTileRows;
    for (int g = 0; g < whole; ++g, from += kTileRows, to += group) std::memcpy(to, from, kTileRows * sizeof(*to));
    std::memcpy(to, from, rows % kTileRows * sizeof(*to));
  }
}

}  // namespace pumasi
