// One step of an LSTM over the rows that are still active: the recurrent product, and each tile's cells as soon as it
// is made, while it is in the first-level cache. Several threads share the blocks of units (ops/product/threads.h).
#ifndef PUMASI_OPS_LSTM_STEP_H_
#define PUMASI_OPS_LSTM_STEP_H_

#include <cstddef>

#include "ops/buffer.h"
#include "ops/gate_activation.h"
#include "ops/product/packed_matrix.h"
#include "ops/product/tile.h"

namespace pumasi {

// A product's left operand as tiles read it: rows of words, or blocks of so many words, each with all rows.
struct TileRows {
  const ProductWord* words = nullptr;
  ptrdiff_t row = 0;
  int block = 0;
  ptrdiff_t block_step = 0;
};

// `values`[rows × depth], `row` apart; in bf16 a copy of them in `memory`, which must outlive the result.
TileRows TileRowsOf(Precision precision, int rows, int depth, const float* values, ptrdiff_t row,
                    Buffer<uint32_t>* memory);
// The same of `values` in panels, `panel` apart (ops/product/blocked_product.h).
TileRows TileRowsOfPanels(Precision precision, int rows, int depth, const float* values, ptrdiff_t panel,
                          Buffer<uint32_t>* memory);

// In the layout of ops/lstm_gate_layout.h: gates are LstmGateWidth(units) a row, in panels that are `_panel` apart,
// states LstmPaddedUnits(units). No two arrays may overlap.
struct LstmStepForward {
  GateActivation gate = GateActivation::kSigmoid;
  size_t units = 0;
  int rows = 0;
  int going_on = 0;                         // the first `going_on` rows have a next step
  const PackedMatrix* recurrent = nullptr;  // [units × gates], or nullptr: the state before is 0
  TileRows state;                           // [rows × units] before the step
  const float* const* projected = nullptr;  // [rows], each the input product and bias, [gates]
  ptrdiff_t projected_panel = 0;
  float* gates = nullptr;  // out, [rows × gates]: activated; or nullptr: not wanted
  ptrdiff_t gates_panel = 0;
  const float* cell_before = nullptr;  // [rows × states]; with `recurrent` nullptr [states], zeros
  float* cell = nullptr;               // out, [rows × states]
  float* carried = nullptr;            // out, [going_on × states]: h
  float* ended = nullptr;              // out, [rows × states]: h of the other rows, each at its place in `rows`

  void Run() const;
};

struct LstmStepBackward {
  GateActivation gate = GateActivation::kSigmoid;
  size_t units = 0;
  int rows = 0;
  int going_on = 0;
  const PackedMatrix* transposed = nullptr;       // [gates × units]
  TileRows next_gradient;                         // [going_on × gates], of the step after by its gates
  const float* const* state_mask = nullptr;       // [going_on], each [units]; nullptr: none
  const float* const* output_gradient = nullptr;  // [rows], each [units], to be added; nullptr: none to rows going on
  float* gates = nullptr;                         // [rows × gates]: in, activated; out, the gradient by them
  ptrdiff_t gates_panel = 0;
  const float* cell_before = nullptr;  // [rows × states], or [states] zeros where cell_before_row is 0
  size_t cell_before_row = 0;
  const float* cell = nullptr;       // [rows × states]
  float* hidden_gradient = nullptr;  // [rows × states]: rows that end hold theirs; the others' are made here
  float* cell_gradient = nullptr;    // [rows × states]: in, through the steps after; out, by cell_before

  void Run() const;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_LSTM_STEP_H_
