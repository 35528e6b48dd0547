#include "ops/lstm.h"

#include <algorithm>
#include <utility>

#include "ops/gemm.h"
#include "ops/lstm_cell.h"
#include "ops/matrix_transpose.h"

namespace pumasi {
namespace {

void Clear(float* values, size_t count) { std::fill_n(values, count, 0.0f); }

}  // namespace

void Lstm::Project(const IndexedSequences& input, const LstmWeights& weights, float* last_state) {
  const int gate_width = 4 * units_;
  order_.Build(input.rows, input.offsets);
  float* projected = projected_.Reserve(static_cast<size_t>(input.distinct) * gate_width);
  Gemm(Transpose::kNo, Transpose::kNo, input.distinct, gate_width, width_, input.vectors, width_, weights.kernel,
       gate_width, 0, projected, gate_width);
  Clear(zeros_.Reserve(units_), units_);
  for (int rank = order_.active(0); rank < input.rows; ++rank) {
    Clear(last_state + static_cast<size_t>(order_.row(rank)) * units_, units_);
  }
}

void Lstm::Forward(const IndexedSequences& input, const LstmWeights& weights, float* last_state) {
  Project(input, weights, last_state);
  const size_t units = units_, gate_width = 4 * units;
  float* const gates = gates_.Reserve(order_.positions() * gate_width);
  float* const cells = cells_.Reserve(order_.positions() * units);
  float* const hidden_before = hidden_before_.Reserve(order_.positions() * units);
  const std::vector<uint32_t>& token = order_.token_of_position();
  for (int t = 0; t < order_.steps(); ++t) {
    const size_t start = order_.start(t), next = order_.start(t + 1), before = t == 0 ? 0 : order_.start(t - 1);
    float* const step_gates = gates + start * gate_width;
    if (t == 0) {
      Clear(step_gates, order_.active(0) * gate_width);
    } else {
      Gemm(Transpose::kNo, Transpose::kNo, order_.active(t), 4 * units_, units_, hidden_before + start * units, units_,
           weights.recurrent, 4 * units_, 0, step_gates, 4 * units_);
    }
    for (int rank = 0; rank < order_.active(t); ++rank) {
      const size_t position = start + rank;
      float* const hidden =
          rank < order_.active(t + 1) ? hidden_before + (next + rank) * units : last_state + order_.row(rank) * units;
      LstmCellForward(units, step_gates + rank * gate_width,
                      projected_.get() + input.tokens[token[position]] * gate_width, weights.bias,
                      t == 0 ? zeros_.get() : cells + (before + rank) * units, cells + position * units, hidden);
    }
  }
}

void Lstm::Infer(const IndexedSequences& input, const LstmWeights& weights, float* last_state) {
  Project(input, weights, last_state);
  const size_t units = units_, gate_width = 4 * units, rows = input.rows;
  float* const gates = gates_.Reserve(rows * gate_width);
  float* const hidden = hidden_before_.Reserve(rows * units);
  float* cell_before = cells_.Reserve(2 * rows * units);
  float* cell = cell_before + rows * units;
  const std::vector<uint32_t>& token = order_.token_of_position();
  for (int t = 0; t < order_.steps(); ++t) {
    if (t == 0) {
      Clear(gates, order_.active(0) * gate_width);
    } else {
      Gemm(Transpose::kNo, Transpose::kNo, order_.active(t), 4 * units_, units_, hidden, units_, weights.recurrent,
           4 * units_, 0, gates, 4 * units_);
    }
    for (int rank = 0; rank < order_.active(t); ++rank) {
      float* const out = rank < order_.active(t + 1) ? hidden + rank * units : last_state + order_.row(rank) * units;
      LstmCellForward(units, gates + rank * gate_width,
                      projected_.get() + input.tokens[token[order_.start(t) + rank]] * gate_width, weights.bias,
                      t == 0 ? zeros_.get() : cell_before + rank * units, cell + rank * units, out);
    }
    std::swap(cell, cell_before);
  }
}

void Lstm::WalkBack(const LstmWeights& weights, const float* last_state_gradient) {
  const size_t units = units_, gate_width = 4 * units;
  float* const transposed = transposed_.Reserve(gate_width * units);
  MatrixTranspose(units, gate_width, weights.recurrent, transposed);
  float* const hidden_gradient = hidden_gradient_.Reserve(order_.rows() * units);
  float* const cell_gradient = cell_gradient_.Reserve(order_.rows() * units);
  for (int t = order_.steps() - 1; t >= 0; --t) {
    const size_t start = order_.start(t);
    // Rows that went on get their gradient from the step after; rows that ended here, from the layer's output.
    Gemm(Transpose::kNo, Transpose::kNo, order_.active(t + 1), units_, 4 * units_,
         gates_.get() + order_.start(t + 1) * gate_width, 4 * units_, transposed, units_, 0, hidden_gradient, units_);
    for (int rank = order_.active(t + 1); rank < order_.active(t); ++rank) {
      std::copy_n(last_state_gradient + order_.row(rank) * units, units, hidden_gradient + rank * units);
      Clear(cell_gradient + rank * units, units);
    }
    for (int rank = 0; rank < order_.active(t); ++rank) {
      const size_t position = start + rank;
      const float* before = t == 0 ? zeros_.get() : cells_.get() + (order_.start(t - 1) + rank) * units;
      LstmCellBackward(units, gates_.get() + position * gate_width, before, cells_.get() + position * units,
                       hidden_gradient + rank * units, cell_gradient + rank * units);
    }
  }
}

void Lstm::Backward(const IndexedSequences& input, const LstmWeights& weights, const float* last_state_gradient,
                    const LstmGradients& gradients) {
  WalkBack(weights, last_state_gradient);
  const int gate_width = 4 * units_;
  const float* const gate_gradients = gates_.get();

  // The state before step 0 is zero and adds nothing.
  const size_t first = order_.active(0);
  Gemm(Transpose::kYes, Transpose::kNo, units_, gate_width, static_cast<int>(order_.positions() - first),
       hidden_before_.get() + first * units_, units_, gate_gradients + first * gate_width, gate_width, 0,
       gradients.recurrent, gate_width);

  float* const summed = projected_.get();
  groups_.Build(input.distinct, order_.positions(), order_.token_of_position().data(), input.tokens);
  groups_.Sum(gate_width, gate_gradients, summed);
  SumRows(input.distinct, gate_width, summed, gradients.bias);
  Gemm(Transpose::kYes, Transpose::kNo, width_, gate_width, input.distinct, input.vectors, width_, summed, gate_width,
       0, gradients.kernel, gate_width);
  if (gradients.vectors != nullptr) {
    Gemm(Transpose::kNo, Transpose::kYes, input.distinct, width_, gate_width, summed, gate_width, weights.kernel,
         gate_width, 0, gradients.vectors, width_);
  }
}

}  // namespace pumasi
