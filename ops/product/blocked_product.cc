#include "ops/product/blocked_product.h"

#include <algorithm>

#include "ops/buffer.h"
#include "ops/instruction_set.h"
#include "ops/product/pack.h"
#include "ops/product/threads.h"
#include "ops/product/tile.h"

namespace pumasi {
namespace {

// A chunk of A (at most 576 KiB) and a panel of B (at most 96 KiB) share the second-level cache.
constexpr int kChunkRows = 384;
constexpr int kBlockWords = 384;
// With so few rows, packing a panel of B costs more than reading it where it lies.
constexpr int kRowsToPack = 96;

int Pieces(int size, int largest) { return size / largest + (size % largest != 0); }

// Rows of A in groups of `group_rows`, a tile's, which begin `group` words apart; depths in blocks of `block` words,
// `block_step` apart, where block is above 0.
struct Left {
  const ProductWord* words;
  ptrdiff_t row, depth, group;
  int group_rows;
  int block = 0;
  ptrdiff_t block_step = 0;
};

// Depths [first, first + count) of the product, in values.
struct Depths {
  int first, count;
};

// A in panels: blocks of kTileColumns depths.
Left LeftOfPanels(const BlockedProduct& product, int first_row, int rows, int group_rows, Depths depths,
                  Buffer<uint32_t>* packed) {
  const float* const from =
      product.a + depths.first / kTileColumns * product.a_panel + static_cast<ptrdiff_t>(first_row) * kTileColumns;
  if (product.precision == Precision::kFloat32) {
    const auto* const words = reinterpret_cast<const ProductWord*>(from);
    return {words, kTileColumns, 1, group_rows * ptrdiff_t{kTileColumns}, group_rows, kTileColumns, product.a_panel};
  }
  constexpr int kWords = WordsOf(Precision::kBf16, kTileColumns);
  const ptrdiff_t step = static_cast<ptrdiff_t>(rows) * kWords;
  const int panels = Pieces(depths.count, kTileColumns);
  uint32_t* const to = packed->Reserve(panels * step);
  for (int p = 0; p < panels; ++p) {
    // Depths are whole panels but for the last one's.
    const int count = std::min(kTileColumns, depths.count - p * kTileColumns);
    PackRowsBf16(rows, count, from + p * product.a_panel, kTileColumns, kWords, to + p * step);
  }
  return {to, kWords, 1, group_rows * ptrdiff_t{kWords}, group_rows, kWords, step};
}

Left LeftOf(const BlockedProduct& product, int first_row, int rows, Depths depths) {
  thread_local Buffer<uint32_t> packed;
  // 4 and 4 rows take less time than 6 and 2.
  const int equal = Pieces(rows, Pieces(rows, kTileRows));
  if (product.a_panel > 0) return LeftOfPanels(product, first_row, rows, equal, depths, &packed);
  const float* const from = product.a_transposed ? product.a + depths.first * product.a_row + first_row
                                                 : product.a + first_row * product.a_row + depths.first;
  if (product.precision == Precision::kFloat32 && !product.a_transposed) {
    return {reinterpret_cast<const ProductWord*>(from), product.a_row, 1, equal * product.a_row, equal};
  }
  const ptrdiff_t words = WordsOf(product.precision, depths.count);
  ProductWord* const to = packed.Reserve((static_cast<size_t>(rows) + kTileRows) * words);
  if (product.a_transposed) {
    PackRowsTransposed(product.precision, rows, depths.count, from, product.a_row, to);
    return {to, 1, kTileRows, kTileRows * words, kTileRows};
  }
  PackRowsBf16(rows, depths.count, from, product.a_row, words, to);
  return {to, words, 1, equal * words, equal};
}

// Columns [64·panel, …) of B and where they are.
struct Right {
  const ProductWord* words;
  ptrdiff_t depth;
};

Right RightOf(const BlockedProduct& product, int panel, int columns, int rows, Depths depths) {
  if (product.packed != nullptr) {
    const ptrdiff_t first_word = WordsOf(product.precision, depths.first);
    return {product.packed->panel(panel) + first_word * kTileColumns, kTileColumns};
  }
  const ptrdiff_t first_column = static_cast<ptrdiff_t>(panel) * kTileColumns;
  const ptrdiff_t row = product.b_panel > 0 ? kTileColumns : product.b_row;
  const float* const from = product.b_panel > 0    ? product.b + panel * product.b_panel + depths.first * row
                            : product.b_transposed ? product.b + first_column * row + depths.first
                                                   : product.b + depths.first * row + first_column;
  if (product.precision == Precision::kFloat32 && !product.b_transposed && columns == kTileColumns &&
      (product.b_panel > 0 || rows < kRowsToPack)) {
    return {reinterpret_cast<const ProductWord*>(from), row};
  }
  thread_local Buffer<uint32_t> packed;
  ProductWord* const to = packed.Reserve(kBlockWords * kTileColumns);
  if (product.b_transposed) {
    PackPanelTransposed(product.precision, depths.count, columns, from, row, to);
  } else {
    PackPanel(product.precision, depths.count, columns, from, row, to);
  }
  return {to, kTileColumns};
}

}  // namespace

void BlockedProduct::Run() const {
  const TileKernel kernel = TileKernelOf(UsedInstructionSet(), precision);
  const int panels = Pieces(n, kTileColumns);
  const int chunk_groups = Pieces(Pieces(m, Pieces(m, kChunkRows)), kTileRows);
  const int values_per_word = precision == Precision::kBf16 ? 2 : 1;
  const int words = WordsOf(precision, k);
  // Whole panels of A.
  const int block = Pieces(Pieces(words, Pieces(words, kBlockWords)), kTileColumns) * kTileColumns * values_per_word;
  for (int first_row = 0; first_row < m; first_row += chunk_groups * kTileRows) {
    const int rows = std::min(chunk_groups * kTileRows, m - first_row);
    const int groups = Pieces(rows, kTileRows);
    // Few panels leave threads idle unless rows are shared, too.
    const int shares = std::min(groups, Pieces(BlockThreads(), panels));
    for (int first_depth = 0; first_depth < k; first_depth += block) {
      const Depths depths = {first_depth, std::min(block, k - first_depth)};
      const Left left = LeftOf(*this, first_row, rows, depths);
      const bool from_c = add || first_depth > 0;
      ForEachBlock(panels * shares, [&](int index) {
        const int panel = index / shares, share = index % shares;
        const int column = panel * kTileColumns, columns = std::min(kTileColumns, n - column);
        const Right right = RightOf(*this, panel, columns, rows, depths);
        const float* starts[kTileRows];
        Tile tile;
        tile.columns = columns;
        tile.depth = WordsOf(precision, depths.count);
        tile.a_row = left.row;
        tile.a_depth = left.depth;
        tile.a_block = left.block;
        tile.a_block_step = left.block_step;
        tile.b = right.words;
        tile.b_depth = right.depth;
        tile.start = from_c || start != nullptr ? starts : nullptr;
        tile.c_row = c_panel > 0 ? kTileColumns : c_row;
        tile.c_run = c_run > 0 ? c_run : kTileRun;
        tile.start_run = from_c ? tile.c_run : kTileRun;
        float* const c_begin = c_run > 0 ? c + panel * kTileRun : c_panel > 0 ? c + panel * c_panel : c + column;
        for (int group = groups * share / shares; group < groups * (share + 1) / shares; ++group) {
          const ptrdiff_t row = first_row + static_cast<ptrdiff_t>(group) * left.group_rows;
          tile.rows = std::min<int>(left.group_rows, first_row + rows - row);
          tile.a = left.words + group * left.group;
          tile.c = c_begin + row * tile.c_row;
          for (int r = 0; r < tile.rows && tile.start != nullptr; ++r) {
            starts[r] = from_c ? tile.c + r * tile.c_row : start + (row + r) * start_row + column;
          }
          kernel(tile);
        }
      });
    }
  }
}

}  // namespace pumasi
