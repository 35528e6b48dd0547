#include "ops/lstm.h"

#include <algorithm>
#include <utility>

#include "ops/elementwise.h"
#include "ops/gemm.h"
#include "ops/lstm_cell.h"
#include "ops/matrix_transpose.h"

namespace pumasi {
namespace {

void Clear(float* values, size_t count) { std::fill_n(values, count, 0.0f); }

}  // namespace

void Lstm::Start(const IndexedSequences& input, const RecurrentWeights& weights, const float* input_mask, float* out) {
  order_.Build(input.rows, input.offsets, options_.go_backwards);
  product_.Forward(input, order_, weights.kernel, input_mask);
  Clear(zeros_.Reserve(units_), units_);
  if (options_.return_sequences) return;
  for (int rank = order_.active(0); rank < input.rows; ++rank) {
    Clear(out + static_cast<size_t>(order_.row(rank)) * units_, units_);
  }
}

void Lstm::Forward(const IndexedSequences& input, const RecurrentWeights& weights, float* out,
                   const RecurrentMasks& masks) {
  Start(input, weights, masks.input, out);
  const size_t units = units_, gate_width = 4 * units;
  float* const gates = gates_.Reserve(order_.positions() * gate_width);
  float* const cells = cells_.Reserve(order_.positions() * units);
  float* const hidden_before = hidden_before_.Reserve(order_.positions() * units);
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
      const bool goes_on = rank < order_.active(t + 1);
      float* const carried = hidden_before + (next + rank) * units;
      float* const hidden =
          goes_on && !options_.return_sequences ? carried : out + OutputPlace(options_, input, order_, t, rank) * units;
      LstmCellForward(options_.gate, units, step_gates + rank * gate_width, product_.At(input, order_, position),
                      weights.bias, t == 0 ? zeros_.get() : cells + (before + rank) * units, cells + position * units,
                      hidden);
      if (!goes_on) continue;
      if (hidden != carried) std::copy_n(hidden, units, carried);
      if (masks.state != nullptr) MultiplyBy(units, masks.state + order_.row(rank) * units, carried);
    }
  }
}

void Lstm::Infer(const IndexedSequences& input, const RecurrentWeights& weights, float* out) {
  Start(input, weights, nullptr, out);
  const size_t units = units_, gate_width = 4 * units, rows = input.rows;
  float* const gates = gates_.Reserve(rows * gate_width);
  float* const hidden_before = hidden_before_.Reserve(rows * units);
  float* cell_before = cells_.Reserve(2 * rows * units);
  float* cell = cell_before + rows * units;
  for (int t = 0; t < order_.steps(); ++t) {
    if (t == 0) {
      Clear(gates, order_.active(0) * gate_width);
    } else {
      Gemm(Transpose::kNo, Transpose::kNo, order_.active(t), 4 * units_, units_, hidden_before, units_,
           weights.recurrent, 4 * units_, 0, gates, 4 * units_);
    }
    for (int rank = 0; rank < order_.active(t); ++rank) {
      const bool goes_on = rank < order_.active(t + 1);
      float* const carried = hidden_before + rank * units;
      float* const hidden =
          goes_on && !options_.return_sequences ? carried : out + OutputPlace(options_, input, order_, t, rank) * units;
      LstmCellForward(options_.gate, units, gates + rank * gate_width,
                      product_.At(input, order_, order_.start(t) + rank), weights.bias,
                      t == 0 ? zeros_.get() : cell_before + rank * units, cell + rank * units, hidden);
      if (goes_on && hidden != carried) std::copy_n(hidden, units, carried);
    }
    std::swap(cell, cell_before);
  }
}

void Lstm::WalkBack(const IndexedSequences& input, const RecurrentWeights& weights, const float* out_gradient,
                    const float* state_mask) {
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
    for (int rank = 0; rank < order_.active(t); ++rank) {
      const size_t position = start + rank;
      float* const gradient = hidden_gradient + rank * units;
      const float* const from_output = out_gradient + OutputPlace(options_, input, order_, t, rank) * units;
      if (rank >= order_.active(t + 1)) {
        std::copy_n(from_output, units, gradient);
        Clear(cell_gradient + rank * units, units);
      } else {
        if (state_mask != nullptr) MultiplyBy(units, state_mask + order_.row(rank) * units, gradient);
        if (options_.return_sequences) AddTo(units, from_output, gradient);
      }
      const float* const before = t == 0 ? zeros_.get() : cells_.get() + (order_.start(t - 1) + rank) * units;
      LstmCellBackward(options_.gate, units, gates_.get() + position * gate_width, before,
                       cells_.get() + position * units, gradient, cell_gradient + rank * units);
    }
  }
}

void Lstm::Backward(const IndexedSequences& input, const RecurrentWeights& weights, const float* out_gradient,
                    const RecurrentGradients& gradients, const RecurrentMasks& masks) {
  WalkBack(input, weights, out_gradient, masks.state);
  const int gate_width = 4 * units_;

  // The state before step 0 is zero and adds nothing.
  const size_t first = order_.active(0);
  Gemm(Transpose::kYes, Transpose::kNo, units_, gate_width, static_cast<int>(order_.positions() - first),
       hidden_before_.get() + first * units_, units_, gates_.get() + first * gate_width, gate_width, 0,
       gradients.recurrent, gate_width);
  product_.Backward(input, order_, weights.kernel, masks.input, gates_.get(), gradients.kernel, gradients.bias,
                    gradients.vectors);
}

}  // namespace pumasi
