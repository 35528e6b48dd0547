#include "ops/lstm_cell.h"

#include "ops/lstm_gate_layout.h"
#include "ops/math.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

constexpr size_t kUnits = kLstmBlockUnits;

template <typename Gate>
PUMASI_INLINE void GatesOfRow(const float* __restrict z, float* __restrict gates) {
#pragma GCC ivdep
  for (size_t u = 0; u < kUnits; ++u) {
    gates[u] = Gate::Value(z[u]);
    gates[kUnits + u] = Gate::Value(z[kUnits + u]);
    gates[2 * kUnits + u] = Tanh(z[2 * kUnits + u]);
    gates[3 * kUnits + u] = Gate::Value(z[3 * kUnits + u]);
  }
}

PUMASI_INLINE void StateOfRow(const float* __restrict gates, const float* __restrict cell_before,
                              float* __restrict cell, float* __restrict hidden) {
#pragma GCC ivdep
  for (size_t u = 0; u < kUnits; ++u) {
    const float i = gates[u], f = gates[kUnits + u], g = gates[2 * kUnits + u], o = gates[3 * kUnits + u];
    const float c = f * cell_before[u] + i * g;
    cell[u] = c;
    hidden[u] = o * Tanh(c);
  }
}

// All rows' gates, then all states: one row's state waits for its gates, and a processor looks ahead less far than that
// takes, but far enough to work at the next row's gates.
template <typename Gate>
PUMASI_INLINE void Forward(const LstmCellForward& in) {
  for (size_t r = 0; r < in.rows; ++r) GatesOfRow<Gate>(in.z + r * in.z_row, in.gates + r * in.gates_row);
  for (size_t r = 0; r < in.rows; ++r) {
    StateOfRow(in.gates + r * in.gates_row, in.cell_before + r * in.cell_before_row, in.cell + r * in.cell_row,
               in.hidden + r * in.hidden_row);
  }
}

template <typename Gate>
PUMASI_INLINE void BackwardRow(float* __restrict gates, const float* __restrict cell_before,
                               const float* __restrict cell, const float* __restrict hidden_gradient,
                               float* __restrict cell_gradient) {
#pragma GCC ivdep
  for (size_t u = 0; u < kUnits; ++u) {
    const float i = gates[u], f = gates[kUnits + u], g = gates[2 * kUnits + u], o = gates[3 * kUnits + u];
    const float tanh_c = Tanh(cell[u]);
    const float dh = hidden_gradient[u];
    const float dc = cell_gradient[u] + dh * o * (1.0f - tanh_c * tanh_c);
    gates[u] = dc * g * Gate::Slope(i);
    gates[kUnits + u] = dc * cell_before[u] * Gate::Slope(f);
    gates[2 * kUnits + u] = dc * i * (1.0f - g * g);
    gates[3 * kUnits + u] = dh * tanh_c * Gate::Slope(o);
    cell_gradient[u] = dc * f;
  }
}

template <typename Gate>
PUMASI_INLINE void Backward(const LstmCellBackward& in) {
  for (size_t r = 0; r < in.rows; ++r) {
    BackwardRow<Gate>(in.gates + r * in.gates_row, in.cell_before + r * in.cell_before_row, in.cell + r * in.cell_row,
                      in.hidden_gradient + r * in.hidden_gradient_row, in.cell_gradient + r * in.cell_gradient_row);
  }
}

// A template has no clones for instruction sets: these functions have.
PUMASI_VECTOR_CLONES void ForwardSigmoid(const LstmCellForward& in) { Forward<SigmoidGate>(in); }
PUMASI_VECTOR_CLONES void ForwardHard(const LstmCellForward& in) { Forward<HardSigmoidGate>(in); }
PUMASI_VECTOR_CLONES void ForwardHardKeras2(const LstmCellForward& in) { Forward<HardSigmoidKeras2Gate>(in); }
PUMASI_VECTOR_CLONES void BackwardSigmoid(const LstmCellBackward& in) { Backward<SigmoidGate>(in); }
PUMASI_VECTOR_CLONES void BackwardHard(const LstmCellBackward& in) { Backward<HardSigmoidGate>(in); }
PUMASI_VECTOR_CLONES void BackwardHardKeras2(const LstmCellBackward& in) { Backward<HardSigmoidKeras2Gate>(in); }

}  // namespace

void LstmCellForward::Run(GateActivation gate) const {
  switch (gate) {
    case GateActivation::kSigmoid:
      return ForwardSigmoid(*this);
    case GateActivation::kHardSigmoid:
      return ForwardHard(*this);
    case GateActivation::kHardSigmoidKeras2:
      return ForwardHardKeras2(*this);
  }
}

void LstmCellBackward::Run(GateActivation gate) const {
  switch (gate) {
    case GateActivation::kSigmoid:
      return BackwardSigmoid(*this);
    case GateActivation::kHardSigmoid:
      return BackwardHard(*this);
    case GateActivation::kHardSigmoidKeras2:
      return BackwardHardKeras2(*this);
  }
}

}  // namespace pumasi
