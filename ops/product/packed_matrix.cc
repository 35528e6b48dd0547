#include "ops/product/packed_matrix.h"

#include <algorithm>

namespace pumasi {

int PackedMatrix::columns_of(int panel) const { return std::min(kTileColumns, columns_ - panel * kTileColumns); }

ProductWord* PackedMatrix::Reserve(Precision precision, int depth, int columns) {
  precision_ = precision;
  depth_ = depth;
  columns_ = columns;
  return memory_.Reserve(static_cast<size_t>(panels()) * words() * kTileColumns);
}

void PackedMatrix::Pack(Precision precision, bool transposed, int depth, int columns, const float* b, ptrdiff_t row) {
  ProductWord* words = Reserve(precision, depth, columns);
  const size_t panel_words = static_cast<size_t>(this->words()) * kTileColumns;
  for (int p = 0; p < panels(); ++p, words += panel_words) {
    const ptrdiff_t first = static_cast<ptrdiff_t>(p) * kTileColumns;
    if (transposed) {
      PackPanelTransposed(precision, depth, columns_of(p), b + first * row, row, words);
    } else {
      PackPanel(precision, depth, columns_of(p), b + first, row, words);
    }
  }
}

}  // namespace pumasi
