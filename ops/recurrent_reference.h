// The LSTM's and the GRU's states as their formulas read (ops/lstm_cell.h, ops/gru_cell.h), for one row, in any
// floating-point type: what ops/lstm.h and ops/gru.h are held against with all their options. Gradients are those of
// finite differences.
#ifndef PUMASI_OPS_RECURRENT_REFERENCE_H_
#define PUMASI_OPS_RECURRENT_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "ops/gate_activation.h"

namespace pumasi::reference {

// A row's vectors, one a token.
template <typename T>
using Vectors = std::vector<std::vector<T>>;

template <typename T>
struct RecurrentTensors {
  size_t width, units;
  GateActivation gate;
  std::vector<T> kernel, recurrent, bias;
  // Dropout's factors of the row: [width] and [units].
  std::vector<T> input_factors, state_factors;
};

template <typename T>
T Gate(GateActivation gate, T x) {
  switch (gate) {
    case GateActivation::kHardSigmoid:
      return std::clamp<T>(x / 6 + T(0.5), 0, 1);
    case GateActivation::kHardSigmoidKeras2:
      return std::clamp<T>(T(0.2) * x + T(0.5), 0, 1);
    default:
      return 1 / (1 + std::exp(-x));
  }
}

// Σ_i x[i]·factors[i]·matrix[i][column]
template <typename T>
T Product(const std::vector<T>& x, const std::vector<T>& factors, const std::vector<T>& matrix, size_t columns,
          size_t column) {
  T sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += x[i] * factors[i] * matrix[i * columns + column];
  return sum;
}

// h after each of x's tokens, in x's order.
template <typename T>
Vectors<T> LstmStates(const RecurrentTensors<T>& w, const Vectors<T>& x) {
  std::vector<T> h(w.units), c(w.units);
  Vectors<T> states;
  for (const std::vector<T>& token : x) {
    const std::vector<T> before = h;
    const auto z = [&](size_t gate, size_t u) {
      const size_t column = gate * w.units + u;
      return Product(token, w.input_factors, w.kernel, 4 * w.units, column) +
             Product(before, w.state_factors, w.recurrent, 4 * w.units, column) + w.bias[column];
    };
    for (size_t u = 0; u < w.units; ++u) {
      c[u] = Gate(w.gate, z(1, u)) * c[u] + Gate(w.gate, z(0, u)) * std::tanh(z(2, u));
      h[u] = Gate(w.gate, z(3, u)) * std::tanh(c[u]);
    }
    states.push_back(h);
  }
  return states;
}

// Likewise; bias[2 × 3·units] with reset_after, otherwise bias[3·units].
template <typename T>
Vectors<T> GruStates(const RecurrentTensors<T>& w, bool reset_after, const Vectors<T>& x) {
  std::vector<T> h(w.units);
  Vectors<T> states;
  const size_t columns = 3 * w.units;
  for (const std::vector<T>& token : x) {
    const std::vector<T> before = h;
    const auto input = [&](size_t gate, size_t u) {
      const size_t column = gate * w.units + u;
      return Product(token, w.input_factors, w.kernel, columns, column) + w.bias[column];
    };
    const auto recurrent = [&](size_t gate, size_t u, const std::vector<T>& state) {
      const size_t column = gate * w.units + u;
      return Product(state, w.state_factors, w.recurrent, columns, column) +
             (reset_after ? w.bias[columns + column] : T(0));
    };
    std::vector<T> reset(w.units), reset_state(w.units);
    for (size_t u = 0; u < w.units; ++u) {
      reset[u] = Gate(w.gate, input(1, u) + recurrent(1, u, before));
      reset_state[u] = reset[u] * before[u];
    }
    for (size_t u = 0; u < w.units; ++u) {
      const T z = Gate(w.gate, input(0, u) + recurrent(0, u, before));
      const T part = reset_after ? reset[u] * recurrent(2, u, before) : recurrent(2, u, reset_state);
      h[u] = z * before[u] + (1 - z) * std::tanh(input(2, u) + part);
    }
    states.push_back(h);
  }
  return states;
}

}  // namespace pumasi::reference

#endif  // PUMASI_OPS_RECURRENT_REFERENCE_H_
