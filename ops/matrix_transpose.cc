#include "ops/matrix_transpose.h"

#include <algorithm>

namespace pumasi {

void MatrixTranspose(size_t rows, size_t columns, const float* matrix, float* out) {
  // Tiles whose rows and columns are whole cache lines: each line is read and written once.
  constexpr size_t kTile = 16;
  for (size_t row = 0; row < rows; row += kTile) {
    const size_t row_end = std::min(row + kTile, rows);
    for (size_t column = 0; column < columns; column += kTile) {
      const size_t column_end = std::min(column + kTile, columns);
      for (size_t c = column; c < column_end; ++c) {
        for (size_t r = row; r < row_end; ++r) out[c * rows + r] = matrix[r * columns + c];
      }
    }
  }
}

}  // namespace pumasi
