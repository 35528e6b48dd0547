// The innermost part of every matrix product: a block of C small enough for the registers, over the whole depth.
#ifndef PUMASI_OPS_PRODUCT_TILE_H_
#define PUMASI_OPS_PRODUCT_TILE_H_

#include <cstddef>
#include <cstdint>

#include "ops/instruction_set.h"
#include "ops/precision.h"

namespace pumasi {

// One step in depth of an operand: a float32, or two values of bfloat16, the one of the even depth in the upper half.
// (The processor's bf16 instruction adds the upper halves' product first.) Floats are read through it in place.
typedef uint32_t __attribute__((__may_alias__)) ProductWord;

// 6 rows of 4 vectors of 16: 24 sums fill AVX-512's registers but for one vector of A and four of B.
constexpr int kTileRows = 6;
constexpr int kTileColumns = 64;
// Columns of `start` and C that lie together.
constexpr int kTileRun = 16;

// For r < rows and j < columns:
//   sum = start == nullptr ? 0 : start[r][j];  for p = 0 … depth-1: sum += A(r, p)·B(p, j);  c[r·c_row + j] = sum
// with B(p, j) = b[p·b_depth + j] and A(r, p) = a[r·a_row + p·a_depth]; or, with a_block above 0, where A's depths lie
// in blocks of so many, a[(p / a_block)·a_block_step + r·a_row + (p mod a_block)·a_depth]. At each depth of b, all
// columns up to the next multiple of 16 must be readable. `start` may be rows of c. Column j of
// c and of start's rows is at [(j / kTileRun)·_run + j mod kTileRun] of the row.
struct Tile {
  int rows = 0;     // 1 to kTileRows
  int columns = 0;  // 1 to kTileColumns
  int depth = 0;    // in words
  const ProductWord* a = nullptr;
  ptrdiff_t a_row = 0, a_depth = 0;
  int a_block = 0;
  ptrdiff_t a_block_step = 0;
  const ProductWord* b = nullptr;
  ptrdiff_t b_depth = 0;
  const float* const* start = nullptr;  // [rows]
  ptrdiff_t start_run = kTileRun;
  float* c = nullptr;
  ptrdiff_t c_row = 0, c_run = kTileRun;
};

using TileKernel = void (*)(const Tile&);

// Each step of a sum is one fused multiply-add, in ascending depth; without FMA (kBaseline) a product and a sum, each
// rounded. With kBf16, denormal operands and sums are zero, and each word is two such steps. So all sets but kBaseline
// give the same bits, save which NaN a NaN is. REQUIRES: the machine has `set`.
TileKernel TileKernelOf(InstructionSet set, Precision precision);

// The kernels by themselves.
void PlainTile(const Tile& tile);
void PlainBf16Tile(const Tile& tile);
void Avx2Tile(const Tile& tile);
void Avx2Bf16Tile(const Tile& tile);
void Avx512Tile(const Tile& tile);
void Avx512TwoStepBf16Tile(const Tile& tile);
void Avx512Bf16Tile(const Tile& tile);

}  // namespace pumasi

#endif  // PUMASI_OPS_PRODUCT_TILE_H_
