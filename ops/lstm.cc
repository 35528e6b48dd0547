#include "ops/lstm.h"

#include <algorithm>
#include <utility>

#include "ops/elementwise.h"
#include "ops/gemm.h"
#include "ops/product/blocked_product.h"

namespace pumasi {
namespace {

void Clear(float* values, size_t count) { std::fill_n(values, count, 0.0f); }

}  // namespace

void Lstm::StartWalk(const IndexedSequences& input, float* out) {
  const size_t units = units_, states = LstmPaddedUnits(units);
  order_.Build(input.rows, input.offsets, options_.go_backwards);
  Clear(zeros_.Reserve(states), states);
  ended_.Reserve(input.rows * states);
  projected_.resize(input.rows);
  if (options_.return_sequences) return;
  for (int rank = order_.active(0); rank < input.rows; ++rank) Clear(out + order_.row(rank) * units, units);
}

void Lstm::HoldRecurrent(const RecurrentWeights& weights) {
  PackGates(options_.precision, units_, units_, weights.recurrent, &recurrent_);
  has_transposed_recurrent_ = false;
}

void Lstm::HoldKernel(const RecurrentWeights& weights) {
  PackGates(options_.precision, width_, units_, weights.kernel, &kernel_);
  has_transposed_kernel_ = false;
}

void Lstm::HoldTransposedRecurrent() {
  if (!std::exchange(has_transposed_recurrent_, true)) PackGatesTransposed(recurrent_, &transposed_recurrent_);
}

void Lstm::HoldTransposedKernel() {
  if (!std::exchange(has_transposed_kernel_, true)) PackGatesTransposed(kernel_, &transposed_kernel_);
}

void Lstm::Start(const IndexedSequences& input, const RecurrentWeights& weights, const float* input_mask, float* out) {
  StartWalk(input, out);
  float* const bias = bias_.Reserve(LstmGateWidth(units_));
  InterleaveGates(1, units_, weights.bias, bias);
  if (!weights.unchanged) {
    HoldKernel(weights);
    HoldRecurrent(weights);
  }
  product_.Forward(input, order_, kernel_, input_mask, bias);
}

LstmStepForward Lstm::StepOf(const IndexedSequences& input, bool folded, int t, const float* state_before) {
  LstmStepForward step;
  step.gate = options_.gate;
  step.units = units_;
  step.rows = order_.active(t);
  step.going_on = order_.active(t + 1);
  for (int rank = 0; rank < step.rows; ++rank) {
    const size_t position = order_.start(t) + rank;
    projected_[rank] =
        folded ? input.vectors + input.tokens[order_.token_of_position()[position]] * LstmGateWidth(step.units)
               : product_.At(input, order_, position);
  }
  step.projected = projected_.data();
  step.projected_panel = folded ? kTileColumns : product_.panel_step();
  step.ended = ended_.get();
  step.cell_before = zeros_.get();
  if (t == 0) return step;
  step.recurrent = &recurrent_;
  step.state = TileRowsOf(options_.precision, step.rows, units_, state_before,
                          static_cast<ptrdiff_t>(LstmPaddedUnits(units_)), &words_);
  return step;
}

void Lstm::Deliver(const IndexedSequences& input, const LstmStepForward& step, int t, const float* state_mask,
                   float* out) {
  const size_t units = units_, states = LstmPaddedUnits(units);
  const int first = options_.return_sequences ? 0 : step.going_on;
  for (int rank = first; rank < step.rows; ++rank) {
    const float* const hidden = (rank < step.going_on ? step.carried : step.ended) + rank * states;
    std::copy_n(hidden, units, out + OutputPlace(options_, input, order_, t, rank) * units);
  }
  if (state_mask == nullptr) return;
  for (int rank = 0; rank < step.going_on; ++rank) {
    MultiplyBy(units, state_mask + order_.row(rank) * units, step.carried + rank * states);
  }
}

void Lstm::Forward(const IndexedSequences& input, const RecurrentWeights& weights, float* out,
                   const RecurrentMasks& masks) {
  Start(input, weights, masks.input, out);
  const size_t states = LstmPaddedUnits(units_);
  gates_.Reserve(order_.positions() * LstmGateWidth(units_));
  cells_.Reserve(order_.positions() * states);
  hidden_before_.Reserve(order_.positions() * states);
  for (int t = 0; t < order_.steps(); ++t) {
    const size_t start = order_.start(t);
    LstmStepForward step = StepOf(input, false, t, hidden_before_.get() + start * states);
    step.gates = gates_.get() + start * kLstmBlockGates;
    step.gates_panel = gates_panel();
    step.cell = cells_.get() + start * states;
    step.carried = hidden_before_.get() + order_.start(t + 1) * states;
    if (t > 0) step.cell_before = cells_.get() + order_.start(t - 1) * states;
    step.Run();
    Deliver(input, step, t, masks.state, out);
  }
}

void Lstm::InferSteps(const IndexedSequences& input, bool folded, float* out) {
  const size_t states = LstmPaddedUnits(units_), count = input.rows * states;
  float* cell_before = cells_.Reserve(2 * count);
  float* cell = cell_before + count;
  float* state = hidden_before_.Reserve(2 * count);
  float* next_state = state + count;
  for (int t = 0; t < order_.steps(); ++t) {
    LstmStepForward step = StepOf(input, folded, t, state);
    step.cell = cell;
    step.carried = next_state;
    if (t > 0) step.cell_before = cell_before;
    step.Run();
    Deliver(input, step, t, nullptr, out);
    std::swap(cell, cell_before);
    std::swap(state, next_state);
  }
}

void Lstm::Infer(const IndexedSequences& input, const RecurrentWeights& weights, float* out) {
  Start(input, weights, nullptr, out);
  InferSteps(input, false, out);
}

void Lstm::Fold(const RecurrentWeights& weights, size_t count, const float* vectors, float* folded) {
  const size_t gates = LstmGateWidth(units_);
  float* const bias = bias_.Reserve(gates);
  InterleaveGates(1, units_, weights.bias, bias);
  HoldKernel(weights);
  GemmPlusRow(static_cast<int>(count), vectors, width_, kernel_, bias, folded, static_cast<int>(gates));
}

void Lstm::InferFolded(const IndexedSequences& folded, float* out) {
  StartWalk(folded, out);
  InferSteps(folded, true, out);
}

void Lstm::WalkBack(const IndexedSequences& input, const float* out_gradient, const float* state_mask) {
  const size_t units = units_, gates = LstmGateWidth(units), states = LstmPaddedUnits(units), rows = order_.rows();
  HoldTransposedRecurrent();
  float* const hidden_gradient = hidden_gradient_.Reserve(rows * states);
  float* const cell_gradient = cell_gradient_.Reserve(rows * states);
  Clear(hidden_gradient, rows * states);
  Clear(cell_gradient, rows * states);
  step_masks_.resize(rows);
  step_gradients_.resize(rows);
  LstmStepBackward step;
  step.gate = options_.gate;
  step.units = units;
  step.transposed = &transposed_recurrent_;
  step.gates_panel = gates_panel();
  step.hidden_gradient = hidden_gradient;
  step.cell_gradient = cell_gradient;
  if (state_mask != nullptr) step.state_mask = step_masks_.data();
  if (options_.return_sequences) step.output_gradient = step_gradients_.data();
  for (int t = order_.steps() - 1; t >= 0; --t) {
    const size_t start = order_.start(t);
    step.rows = order_.active(t);
    step.going_on = order_.active(t + 1);
    for (int rank = 0; rank < step.rows; ++rank) {
      const float* const from_output = out_gradient + OutputPlace(options_, input, order_, t, rank) * units;
      if (state_mask != nullptr) step_masks_[rank] = state_mask + order_.row(rank) * units;
      step_gradients_[rank] = from_output;
      // Rows that went on get their gradient from the step after, too; rows that ended here, from the output alone.
      if (rank >= step.going_on) std::copy_n(from_output, units, hidden_gradient + rank * states);
    }
    step.next_gradient = TileRowsOfPanels(options_.precision, step.going_on, static_cast<int>(gates),
                                          gates_.get() + order_.start(t + 1) * kLstmBlockGates, gates_panel(), &words_);
    step.gates = gates_.get() + start * kLstmBlockGates;
    step.cell = cells_.get() + start * states;
    step.cell_before = t == 0 ? zeros_.get() : cells_.get() + order_.start(t - 1) * states;
    step.cell_before_row = t == 0 ? 0 : states;
    step.Run();
  }
}

void Lstm::Backward(const IndexedSequences& input, const RecurrentWeights& weights, const float* out_gradient,
                    const RecurrentGradients& gradients, const RecurrentMasks& masks) {
  WalkBack(input, out_gradient, masks.state);
  const size_t units = units_, width = width_, gates = LstmGateWidth(units), states = LstmPaddedUnits(units);
  // Where blocks of units are whole, the gradients of weights are written in Keras' order at once.
  const bool whole = gates == 4 * units;
  const ptrdiff_t run = whole ? static_cast<ptrdiff_t>(units) : 0;
  float* const gradient = whole ? nullptr : gradient_.Reserve(std::max(width, units) * gates);

  // The state before step 0 is zero and adds nothing.
  const size_t first = order_.active(0);
  if (order_.positions() == first) {
    Clear(gradients.recurrent, units * 4 * units);
  } else {
    BlockedProduct{.precision = options_.precision,
                   .m = units_,
                   .n = static_cast<int>(gates),
                   .k = static_cast<int>(order_.positions() - first),
                   .a_transposed = true,
                   .a = hidden_before_.get() + first * states,
                   .a_row = static_cast<ptrdiff_t>(states),
                   .b = gates_.get() + first * kLstmBlockGates,
                   .b_panel = gates_panel(),
                   .c = whole ? gradients.recurrent : gradient,
                   .c_row = static_cast<ptrdiff_t>(gates),
                   .c_run = run}
        .Run();
    if (!whole) DeinterleaveGates(units, units, gradient, gradients.recurrent);
  }
  if (gradients.vectors != nullptr) HoldTransposedKernel();
  product_.Backward(input, order_, transposed_kernel_, masks.input, gates_.get(), whole ? gradients.kernel : gradient,
                    bias_.get(), gradients.vectors, run);
  if (!whole) DeinterleaveGates(width, units, gradient, gradients.kernel);
  DeinterleaveGates(1, units, bias_.get(), gradients.bias);
}

}  // namespace pumasi
