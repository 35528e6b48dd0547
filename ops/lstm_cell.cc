#include "ops/lstm_cell.h"

#include "ops/math.h"
#include "ops/vector_clones.h"

namespace pumasi {

PUMASI_VECTOR_CLONES void LstmCellForward(size_t units, float* __restrict gates, const float* __restrict projected,
                                          const float* __restrict bias, const float* __restrict cell_before,
                                          float* __restrict cell, float* __restrict hidden) {
#pragma GCC ivdep
  for (size_t u = 0; u < units; ++u) {
    const size_t ui = u, uf = units + u, uc = 2 * units + u, uo = 3 * units + u;
    const float i = Sigmoid((gates[ui] + projected[ui]) + bias[ui]);
    const float f = Sigmoid((gates[uf] + projected[uf]) + bias[uf]);
    const float g = Tanh((gates[uc] + projected[uc]) + bias[uc]);
    const float o = Sigmoid((gates[uo] + projected[uo]) + bias[uo]);
    const float c = f * cell_before[u] + i * g;
    gates[ui] = i;
    gates[uf] = f;
    gates[uc] = g;
    gates[uo] = o;
    cell[u] = c;
    hidden[u] = o * Tanh(c);
  }
}

PUMASI_VECTOR_CLONES void LstmCellBackward(size_t units, float* __restrict gates, const float* __restrict cell_before,
                                           const float* __restrict cell, const float* __restrict hidden_gradient,
                                           float* __restrict cell_gradient) {
#pragma GCC ivdep
  for (size_t u = 0; u < units; ++u) {
    const size_t ui = u, uf = units + u, uc = 2 * units + u, uo = 3 * units + u;
    const float i = gates[ui], f = gates[uf], g = gates[uc], o = gates[uo];
    const float tanh_c = Tanh(cell[u]);
    const float dh = hidden_gradient[u];
    const float dc = cell_gradient[u] + dh * o * (1.0f - tanh_c * tanh_c);
    gates[ui] = dc * g * (i * (1.0f - i));
    gates[uf] = dc * cell_before[u] * (f * (1.0f - f));
    gates[uc] = dc * i * (1.0f - g * g);
    gates[uo] = dh * tanh_c * (o * (1.0f - o));
    cell_gradient[u] = dc * f;
  }
}

}  // namespace pumasi
