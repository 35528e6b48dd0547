// Operands of a matrix product brought into the order in which tiles read them (ops/product/tile.h).
#ifndef PUMASI_OPS_PRODUCT_PACK_H_
#define PUMASI_OPS_PRODUCT_PACK_H_

#include <cstddef>

#include "ops/precision.h"
#include "ops/product/tile.h"

namespace pumasi {

// Words that `depth` values take: an odd one is paired with a zero.
constexpr int WordsOf(Precision precision, int depth) {
  return precision == Precision::kFloat32 ? depth : depth / 2 + depth % 2;
}

// A block of op(B), `depth` × `columns` (at most kTileColumns), as words[WordsOf(depth) × kTileColumns]. Columns up to
// the next multiple of 16 are zero, those behind it not written. `b` is where the block begins, `row` the distance of
// rows in memory.
void PackPanel(Precision precision, int depth, int columns, const float* b, ptrdiff_t row, ProductWord* words);
// The same of Bᵀ: `b` is where the block's transpose, `columns` × `depth`, begins.
void PackPanelTransposed(Precision precision, int depth, int columns, const float* b, ptrdiff_t row,
                         ProductWord* words);

// A transposed square of a panel that is packed in bf16: square[words × kTileColumns], words at most kTileColumns / 2,
// are 2·words depths of kTileColumns columns; out[kTileColumns / 2 × kTileColumns] are kTileColumns depths of the
// 2·words columns that they become, and zeros.
void PackTransposedSquareBf16(int words, const ProductWord* square, ProductWord* out);

// A block of A, `rows` × `depth`, in bf16; row i's words begin at i·words_row.
void PackRowsBf16(int rows, int depth, const float* a, ptrdiff_t row, ptrdiff_t words_row, ProductWord* words);

// A block of Aᵀ, `a` being where `depth` × `rows` begins, in groups of kTileRows: group g's words[WordsOf(depth) ×
// kTileRows] begin at g·WordsOf(depth)·kTileRows. What is behind the last row is not written.
void PackRowsTransposed(Precision precision, int rows, int depth, const float* a, ptrdiff_t row, ProductWord* words);

}  // namespace pumasi

#endif  // PUMASI_OPS_PRODUCT_PACK_H_
