#include "ops/lstm_cell.h"

#include "ops/math.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

template <typename Gate>
PUMASI_INLINE void Forward(size_t units, float* __restrict gates, const float* __restrict projected,
                           const float* __restrict bias, const float* __restrict cell_before, float* __restrict cell,
                           float* __restrict hidden) {
#pragma GCC ivdep
  for (size_t u = 0; u < units; ++u) {
    const size_t ui = u, uf = units + u, uc = 2 * units + u, uo = 3 * units + u;
    const float i = Gate::Value((gates[ui] + projected[ui]) + bias[ui]);
    const float f = Gate::Value((gates[uf] + projected[uf]) + bias[uf]);
    const float g = Tanh((gates[uc] + projected[uc]) + bias[uc]);
    const float o = Gate::Value((gates[uo] + projected[uo]) + bias[uo]);
    const float c = f * cell_before[u] + i * g;
    gates[ui] = i;
    gates[uf] = f;
    gates[uc] = g;
    gates[uo] = o;
    cell[u] = c;
    hidden[u] = o * Tanh(c);
  }
}

template <typename Gate>
PUMASI_INLINE void Backward(size_t units, float* __restrict gates, const float* __restrict cell_before,
                            const float* __restrict cell, const float* __restrict hidden_gradient,
                            float* __restrict cell_gradient) {
#pragma GCC ivdep
  for (size_t u = 0; u < units; ++u) {
    const size_t ui = u, uf = units + u, uc = 2 * units + u, uo = 3 * units + u;
    const float i = gates[ui], f = gates[uf], g = gates[uc], o = gates[uo];
    const float tanh_c = Tanh(cell[u]);
    const float dh = hidden_gradient[u];
    const float dc = cell_gradient[u] + dh * o * (1.0f - tanh_c * tanh_c);
    gates[ui] = dc * g * Gate::Slope(i);
    gates[uf] = dc * cell_before[u] * Gate::Slope(f);
    gates[uc] = dc * i * (1.0f - g * g);
    gates[uo] = dh * tanh_c * Gate::Slope(o);
    cell_gradient[u] = dc * f;
  }
}

// A template has no clones for instruction sets: these functions have.
PUMASI_VECTOR_CLONES void ForwardSigmoid(size_t units, float* gates, const float* projected, const float* bias,
                                         const float* cell_before, float* cell, float* hidden) {
  Forward<SigmoidGate>(units, gates, projected, bias, cell_before, cell, hidden);
}

PUMASI_VECTOR_CLONES void ForwardHard(size_t units, float* gates, const float* projected, const float* bias,
                                      const float* cell_before, float* cell, float* hidden) {
  Forward<HardSigmoidGate>(units, gates, projected, bias, cell_before, cell, hidden);
}

PUMASI_VECTOR_CLONES void ForwardHardKeras2(size_t units, float* gates, const float* projected, const float* bias,
                                            const float* cell_before, float* cell, float* hidden) {
  Forward<HardSigmoidKeras2Gate>(units, gates, projected, bias, cell_before, cell, hidden);
}

PUMASI_VECTOR_CLONES void BackwardSigmoid(size_t units, float* gates, const float* cell_before, const float* cell,
                                          const float* hidden_gradient, float* cell_gradient) {
  Backward<SigmoidGate>(units, gates, cell_before, cell, hidden_gradient, cell_gradient);
}

PUMASI_VECTOR_CLONES void BackwardHard(size_t units, float* gates, const float* cell_before, const float* cell,
                                       const float* hidden_gradient, float* cell_gradient) {
  Backward<HardSigmoidGate>(units, gates, cell_before, cell, hidden_gradient, cell_gradient);
}

PUMASI_VECTOR_CLONES void BackwardHardKeras2(size_t units, float* gates, const float* cell_before, const float* cell,
                                             const float* hidden_gradient, float* cell_gradient) {
  Backward<HardSigmoidKeras2Gate>(units, gates, cell_before, cell, hidden_gradient, cell_gradient);
}

}  // namespace

void LstmCellForward(GateActivation gate, size_t units, float* gates, const float* projected, const float* bias,
                     const float* cell_before, float* cell, float* hidden) {
  switch (gate) {
    case GateActivation::kSigmoid:
      return ForwardSigmoid(units, gates, projected, bias, cell_before, cell, hidden);
    case GateActivation::kHardSigmoid:
      return ForwardHard(units, gates, projected, bias, cell_before, cell, hidden);
    case GateActivation::kHardSigmoidKeras2:
      return ForwardHardKeras2(units, gates, projected, bias, cell_before, cell, hidden);
  }
}

void LstmCellBackward(GateActivation gate, size_t units, float* gates, const float* cell_before, const float* cell,
                      const float* hidden_gradient, float* cell_gradient) {
  switch (gate) {
    case GateActivation::kSigmoid:
      return BackwardSigmoid(units, gates, cell_before, cell, hidden_gradient, cell_gradient);
    case GateActivation::kHardSigmoid:
      return BackwardHard(units, gates, cell_before, cell, hidden_gradient, cell_gradient);
    case GateActivation::kHardSigmoidKeras2:
      return BackwardHardKeras2(units, gates, cell_before, cell, hidden_gradient, cell_gradient);
  }
}

}  // namespace pumasi
