// One step of one LSTM row: everything but the matrix products. Hochreiter and Schmidhuber, "Long short-term memory"
// (1997), with a forget gate (Gers et al., 2000), in Keras' layout: gates i, f, c, o, each `units` wide, and
//   c = f∘c₋ + i∘g,  h = o∘tanh(c),  i = σ(zᵢ), f = σ(z_f), g = tanh(z_c), o = σ(z_o),
// where σ is the gates' activation.
#ifndef PUMASI_OPS_LSTM_CELL_H_
#define PUMASI_OPS_LSTM_CELL_H_

#include <cstddef>

#include "ops/gate_activation.h"

namespace pumasi {

// gates[4·units]: in, the recurrent product h₋·Wh; out, i, f, g, o. `projected`[4·units] is the input product,
// `bias`[4·units] and `cell_before`[units] are as named; writes `cell`[units] and `hidden`[units]. No two arguments may
// overlap.
void LstmCellForward(GateActivation gate, size_t units, float* gates, const float* projected, const float* bias,
                     const float* cell_before, float* cell, float* hidden);

// gates[4·units]: in, i, f, g, o; out, the loss' gradient by z. cell_gradient[units]: in, the gradient by c through
// later steps; out, the gradient by c₋. `hidden_gradient`[units] is the whole gradient by h. No two arguments may
// overlap.
void LstmCellBackward(GateActivation gate, size_t units, float* gates, const float* cell_before, const float* cell,
                      const float* hidden_gradient, float* cell_gradient);

}  // namespace pumasi

#endif  // PUMASI_OPS_LSTM_CELL_H_
