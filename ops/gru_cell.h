// One step of one GRU row: everything but the matrix products. Cho et al., "Learning phrase representations using RNN
// encoder-decoder" (2014), in Keras' layout: gates z, r, h, each `units` wide, and
//   z = σ(a_z), r = σ(a_r), ĥ = tanh(a_h), h = z∘h₋ + (1 − z)∘ĥ
// with σ the gates' activation, a = x·W + b + (recurrent part). The recurrent part of a_h is r∘(h₋·Rₕ + bₕ) where the
// reset gate comes after the product (as in cuDNN), and (r∘h₋)·Rₕ where it comes before.
#ifndef PUMASI_OPS_GRU_CELL_H_
#define PUMASI_OPS_GRU_CELL_H_

#include <cstddef>

#include "ops/gate_activation.h"

namespace pumasi {

// No two arguments of one of these functions may overlap.

// Reset after. gates[3·units]: in, h₋·R; out, z, r, ĥ. `projected`[3·units] is the input product, bias[2 × 3·units]
// that of the input, then that of the recurrent product. Writes hidden[units], and product_h[units] = h₋·Rₕ + bₕ.
void GruResetAfterForward(GateActivation gate, size_t units, float* gates, const float* projected, const float* bias,
                          const float* hidden_before, float* product_h, float* hidden);

// Reset after. gates[3·units]: in, z, r, ĥ; out, the gradient by x·W. Writes `recurrent`[3·units], the gradient by
// h₋·R. hidden_gradient[units]: in, the whole gradient by h; out, what goes to h₋ past the products.
void GruResetAfterBackward(GateActivation gate, size_t units, float* gates, const float* product_h,
                           const float* hidden_before, float* recurrent, float* hidden_gradient);

// Reset before, up to the second product. gates[3·units]: in, h₋·R for z and r; out, z, r. `before`[units] is h₋ as the
// products see it; writes reset[units] = r∘before. bias[3·units].
void GruGatesForward(GateActivation gate, size_t units, float* gates, const float* projected, const float* bias,
                     const float* before, float* reset);

// Reset before, after the second product. gates[3·units]: in, z, r, reset·Rₕ; out, z, r, ĥ.
void GruStateForward(size_t units, float* gates, const float* projected, const float* bias, const float* hidden_before,
                     float* hidden);

// Reset before, up to the product of candidate gradients with Rₕ's transpose. gates: in, z, r, ĥ; out, the gradient by
// a_z, then r, then the gradient by a_h. hidden_gradient as in GruResetAfterBackward.
void GruStateBackward(GateActivation gate, size_t units, float* gates, const float* hidden_before,
                      float* hidden_gradient);

// Reset before, the rest. gates: in, as GruStateBackward left it; out, the gradient by a. reset_gradient[units]: in,
// the gradient by r∘before; out, its part that goes to `before`.
void GruGatesBackward(GateActivation gate, size_t units, float* gates, const float* before, float* reset_gradient);

}  // namespace pumasi

#endif  // PUMASI_OPS_GRU_CELL_H_
