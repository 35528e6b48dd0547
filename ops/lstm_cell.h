// The LSTM's cell: everything but the matrix products. Hochreiter and Schmidhuber, "Long short-term memory" (1997),
// with a forget gate (Gers et al., 2000); gates i, f, c, o and
//   c = f∘c₋ + i∘g,  h = o∘tanh(c),  i = σ(zᵢ), f = σ(z_f), g = tanh(z_c), o = σ(z_o),
// where σ is the gates' activation. For a block of kLstmBlockUnits units (ops/lstm_gate_layout.h) of several rows: a
// row's block of gates is kLstmBlockGates numbers, of a state kLstmBlockUnits, and `_row` is the distance of rows.
#ifndef PUMASI_OPS_LSTM_CELL_H_
#define PUMASI_OPS_LSTM_CELL_H_

#include <cstddef>

#include "ops/gate_activation.h"

namespace pumasi {

// No two arrays may overlap.
struct LstmCellForward {
  size_t rows = 0;
  const float* z = nullptr;  // the gates before their activation
  size_t z_row = 0;
  float* gates = nullptr;  // out: i, f, g, o
  size_t gates_row = 0;
  const float* cell_before = nullptr;
  size_t cell_before_row = 0;
  float* cell = nullptr;
  size_t cell_row = 0;
  float* hidden = nullptr;
  size_t hidden_row = 0;

  void Run(GateActivation gate) const;
};

// No two arrays may overlap.
struct LstmCellBackward {
  size_t rows = 0;
  float* gates = nullptr;  // in: i, f, g, o; out: the loss' gradient by z
  size_t gates_row = 0;
  const float* cell_before = nullptr;
  size_t cell_before_row = 0;
  const float* cell = nullptr;
  size_t cell_row = 0;
  const float* hidden_gradient = nullptr;  // the whole gradient by h
  size_t hidden_gradient_row = 0;
  float* cell_gradient = nullptr;  // in: the gradient by c through later steps; out: by c₋
  size_t cell_gradient_row = 0;

  void Run(GateActivation gate) const;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_LSTM_CELL_H_
