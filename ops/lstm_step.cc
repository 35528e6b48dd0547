#include "ops/lstm_step.h"

#include <algorithm>

#include "ops/elementwise.h"
#include "ops/instruction_set.h"
#include "ops/lstm_cell.h"
#include "ops/lstm_gate_layout.h"
#include "ops/product/pack.h"
#include "ops/product/threads.h"

namespace pumasi {
namespace {

static_assert(kLstmBlockGates == kTileColumns, "a tile holds whole cells");

// Calls f(first, count) for tiles of about equal height.
template <typename F>
void ForEachGroup(int rows, F f) {
  if (rows == 0) return;
  const int groups = (rows + kTileRows - 1) / kTileRows;
  const int height = (rows + groups - 1) / groups;
  for (int first = 0; first < rows; first += height) f(first, std::min(height, rows - first));
}

// Rows of a panel or a block of states come from a cache further out while a tile is multiplied.
template <bool kToWrite = false>
void FetchRows(int rows, size_t count, const float* values, ptrdiff_t row) {
  constexpr size_t kLine = 16;
  for (int r = 0; r < rows; ++r) {
    for (size_t i = 0; i < count; i += kLine) __builtin_prefetch(values + r * row + i, kToWrite);
  }
}

// Gradients of the units that fill up a block, which may be NaN where inputs are infinite, must not reach others.
void ClearPadding(size_t units, int rows, float* gates) {
  const size_t used = (units - 1) % kLstmBlockUnits + 1;
  for (int r = 0; r < rows; ++r) {
    for (size_t gate = 0; gate < 4; ++gate) {
      std::fill_n(gates + r * kLstmBlockGates + gate * kLstmBlockUnits + used, kLstmBlockUnits - used, 0.0f);
    }
  }
}

}  // namespace

TileRows TileRowsOf(Precision precision, int rows, int depth, const float* values, ptrdiff_t row,
                    Buffer<uint32_t>* memory) {
  if (precision == Precision::kFloat32) return {reinterpret_cast<const ProductWord*>(values), row};
  const ptrdiff_t words = WordsOf(precision, depth);
  uint32_t* const packed = memory->Reserve(rows * words);
  PackRowsBf16(rows, depth, values, row, words, packed);
  return {packed, words};
}

TileRows TileRowsOfPanels(Precision precision, int rows, int depth, const float* values, ptrdiff_t panel,
                          Buffer<uint32_t>* memory) {
  if (precision == Precision::kFloat32) {
    return {reinterpret_cast<const ProductWord*>(values), kTileColumns, kTileColumns, panel};
  }
  constexpr int kWords = WordsOf(Precision::kBf16, kTileColumns);
  const ptrdiff_t step = static_cast<ptrdiff_t>(rows) * kWords;
  const int panels = depth / kTileColumns;
  uint32_t* const packed = memory->Reserve(panels * step);
  for (int p = 0; p < panels; ++p) {
    PackRowsBf16(rows, kTileColumns, values + p * panel, kTileColumns, kWords, packed + p * step);
  }
  return {packed, kWords, kWords, step};
}

void LstmStepForward::Run() const {
  const TileKernel kernel =
      TileKernelOf(UsedInstructionSet(), recurrent == nullptr ? Precision::kFloat32 : recurrent->precision());
  const size_t states = LstmPaddedUnits(units);
  ForEachBlock(static_cast<int>(LstmBlocks(units)), [&](int block) {
    const size_t unit = block * kLstmBlockUnits;
    alignas(64) float z[kTileRows * kLstmBlockGates], unwanted[kTileRows * kLstmBlockGates];
    const float* starts[kTileRows];
    ForEachGroup(rows, [&](int first, int count) {
      for (int r = 0; r < count; ++r) starts[r] = projected[first + r] + block * projected_panel;
      // The next tile's start, which it needs at once.
      const int next = first + count < rows ? first + count : 0;
      const size_t next_block = block + (next == 0);
      for (int r = next; r < std::min(rows, next + count) && next_block < LstmBlocks(units); ++r) {
        FetchRows(1, kLstmBlockGates, projected[r] + next_block * projected_panel, 0);
      }
      if (gates != nullptr) {
        FetchRows<true>(count, kLstmBlockGates, gates + block * gates_panel + first * kLstmBlockGates, kLstmBlockGates);
        FetchRows<true>(count, kLstmBlockUnits, cell + first * states + unit, static_cast<ptrdiff_t>(states));
      }
      if (recurrent == nullptr) {
        for (int r = 0; r < count; ++r) std::copy_n(starts[r], kLstmBlockGates, z + r * kLstmBlockGates);
      } else {
        kernel({.rows = count,
                .columns = kTileColumns,
                .depth = recurrent->words(),
                .a = state.words + first * state.row,
                .a_row = state.row,
                .a_depth = 1,
                .b = recurrent->panel(block),
                .b_depth = kTileColumns,
                .start = starts,
                .c = z,
                .c_row = kLstmBlockGates});
      }
      LstmCellForward cells;
      cells.z_row = cells.gates_row = kLstmBlockGates;
      cells.cell_before_row = recurrent == nullptr ? 0 : states;
      cells.cell_row = cells.hidden_row = states;
      const auto run = [&](int begin, int end, float* hidden) {
        if (begin >= end) return;
        cells.rows = end - begin;
        cells.z = z + (begin - first) * kLstmBlockGates;
        cells.gates = gates == nullptr ? unwanted : gates + block * gates_panel + begin * kLstmBlockGates;
        cells.cell_before = cell_before + begin * cells.cell_before_row + unit;
        cells.cell = cell + begin * states + unit;
        cells.hidden = hidden + begin * states + unit;
        cells.Run(gate);
      };
      const int last = first + count, split = std::clamp(going_on, first, last);
      run(first, split, carried);
      run(split, last, ended);
    });
  });
}

void LstmStepBackward::Run() const {
  const TileKernel kernel = TileKernelOf(UsedInstructionSet(), transposed->precision());
  const size_t states = LstmPaddedUnits(units);
  // The cells of rows [first, first + count) for the units of a panel.
  const auto run_cells = [&](int panel, int first, int count) {
    const size_t end = std::min(LstmBlocks(units), (panel + size_t{1}) * kTileColumns / kLstmBlockUnits);
    for (size_t block = panel * size_t{kTileColumns} / kLstmBlockUnits; block < end; ++block) {
      const size_t unit = block * kLstmBlockUnits, at = first * states + unit;
      float* const block_gates = gates + block * gates_panel + first * kLstmBlockGates;
      LstmCellBackward{.rows = static_cast<size_t>(count),
                       .gates = block_gates,
                       .gates_row = kLstmBlockGates,
                       .cell_before = cell_before + first * cell_before_row + unit,
                       .cell_before_row = cell_before_row,
                       .cell = cell + at,
                       .cell_row = states,
                       .hidden_gradient = hidden_gradient + at,
                       .hidden_gradient_row = states,
                       .cell_gradient = cell_gradient + at,
                       .cell_gradient_row = states}
          .Run(gate);
      if (unit + kLstmBlockUnits > units) ClearPadding(units, count, block_gates);
    }
  };
  ForEachBlock(transposed->panels(), [&](int panel) {
    const size_t unit = panel * size_t{kTileColumns}, columns = transposed->columns_of(panel);
    ForEachGroup(going_on, [&](int first, int count) {
      for (size_t block = unit / kLstmBlockUnits; block * kLstmBlockUnits < unit + columns; ++block) {
        FetchRows<true>(count, kLstmBlockGates, gates + block * gates_panel + first * kLstmBlockGates, kLstmBlockGates);
      }
      FetchRows(count, columns, cell + first * states + unit, static_cast<ptrdiff_t>(states));
      FetchRows(count, columns, cell_before + first * cell_before_row + unit, cell_before_row);
      kernel({.rows = count,
              .columns = static_cast<int>(columns),
              .depth = transposed->words(),
              .a = next_gradient.words + first * next_gradient.row,
              .a_row = next_gradient.row,
              .a_depth = 1,
              .a_block = next_gradient.block,
              .a_block_step = next_gradient.block_step,
              .b = transposed->panel(panel),
              .b_depth = kTileColumns,
              .c = hidden_gradient + first * states + unit,
              .c_row = static_cast<ptrdiff_t>(states)});
      for (int r = first; r < first + count; ++r) {
        float* const gradient = hidden_gradient + r * states + unit;
        if (state_mask != nullptr) MultiplyBy(columns, state_mask[r] + unit, gradient);
        if (output_gradient != nullptr) AddTo(columns, output_gradient[r] + unit, gradient);
      }
      run_cells(panel, first, count);
    });
    if (rows > going_on) run_cells(panel, going_on, rows - going_on);
  });
}

}  // namespace pumasi
