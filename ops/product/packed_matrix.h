// A right operand that is packed once and multiplied often.
#ifndef PUMASI_OPS_PRODUCT_PACKED_MATRIX_H_
#define PUMASI_OPS_PRODUCT_PACKED_MATRIX_H_

#include <cstddef>

#include "ops/buffer.h"
#include "ops/precision.h"
#include "ops/product/pack.h"
#include "ops/product/tile.h"

namespace pumasi {

// op(B), depth × columns, in panels of kTileColumns columns. Memory is kept for the next Pack. Thread-safe while no
// Pack runs.
class PackedMatrix {
 public:
  // B is depth × columns, `row` the distance of its rows in memory; or with `transposed`, columns × depth.
  void Pack(Precision precision, bool transposed, int depth, int columns, const float* b, ptrdiff_t row);

  // Memory for depth × columns, to be filled panel by panel in the order of ops/product/pack.h; returns panel 0.
  ProductWord* Reserve(Precision precision, int depth, int columns);

  Precision precision() const { return precision_; }
  int depth() const { return depth_; }
  int words() const { return WordsOf(precision_, depth_); }
  int columns() const { return columns_; }
  int panels() const { return (columns_ + kTileColumns - 1) / kTileColumns; }
  // Columns of panel p: all kTileColumns but for the last one.
  int columns_of(int panel) const;
  // words[words() × kTileColumns].
  const ProductWord* panel(int p) const { return memory_.get() + static_cast<size_t>(p) * words() * kTileColumns; }

 private:
  Precision precision_ = Precision::kFloat32;
  int depth_ = 0;
  int columns_ = 0;
  Buffer<uint32_t> memory_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_PRODUCT_PACKED_MATRIX_H_
