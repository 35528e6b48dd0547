// The walk of a matrix product over tiles.
#ifndef PUMASI_OPS_PRODUCT_BLOCKED_PRODUCT_H_
#define PUMASI_OPS_PRODUCT_BLOCKED_PRODUCT_H_

#include <cstddef>

#include "ops/precision.h"
#include "ops/product/packed_matrix.h"

namespace pumasi {

// C = op(A)·op(B), op(A) m×k, op(B) k×n; each chain of sums begins at its element of `start`, whose rows are
// `start_row` apart (0: one row for all), or at 0; or with `add`, at C itself. The contract of ops/gemm.h otherwise.
//
// A matrix may lie in panels instead of rows: `_panel` is above 0 then, and column j of row i at
// [(j / kTileColumns)·_panel + i·kTileColumns + j mod kTileColumns]. So a layer's gates are written, summed and
// multiplied again without being packed.
//
// With c_run above 0, C lies as Keras has an LSTM's gates, where a panel is kTileRun units of each gate: column j of
// row i is at [i·c_row + (j / kTileColumns)·kTileRun + (j mod kTileColumns / kTileRun)·c_run + j mod kTileRun].
struct BlockedProduct {
  Precision precision = Precision::kFloat32;
  int m = 0, n = 0, k = 0;
  bool a_transposed = false;
  const float* a = nullptr;
  ptrdiff_t a_row = 0, a_panel = 0;      // in panels: not transposed
  const PackedMatrix* packed = nullptr;  // instead of b; of the same precision, k and n
  bool b_transposed = false;
  const float* b = nullptr;
  ptrdiff_t b_row = 0, b_panel = 0;  // in panels: not transposed, n a multiple of kTileColumns
  bool add = false;
  const float* start = nullptr;
  ptrdiff_t start_row = 0;
  float* c = nullptr;
  ptrdiff_t c_row = 0, c_panel = 0;
  ptrdiff_t c_run = 0;

  // REQUIRES: m, n and k above 0.
  void Run() const;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_PRODUCT_BLOCKED_PRODUCT_H_
