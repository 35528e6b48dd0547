#include "ops/gru.h"

#include <algorithm>

#include "ops/elementwise.h"
#include "ops/gemm.h"
#include "ops/gru_cell.h"
#include "ops/row_groups.h"

namespace pumasi {
namespace {

void Clear(float* values, size_t count) { std::fill_n(values, count, 0.0f); }

}  // namespace

void Gru::PackRecurrent(const float* recurrent, bool transposed) {
  const int joint = joint_columns(), row = 3 * units_;
  const auto pack = [&](int columns, const float* from, PackedMatrix* packed) {
    packed->Pack(options_.precision, transposed, transposed ? columns : units_, transposed ? units_ : columns, from,
                 row);
  };
  pack(joint, recurrent, &packed_gates_);
  if (!reset_after_) pack(units_, recurrent + joint, &packed_candidate_);
}

void Gru::Start(const IndexedSequences& input, const RecurrentWeights& weights, const RecurrentMasks& masks,
                float* out) {
  order_.Build(input.rows, input.offsets, options_.go_backwards);
  product_.Forward(input, order_, weights.kernel, masks.input);
  PackRecurrent(weights.recurrent, false);
  const size_t units = units_, positions = order_.positions();
  gates_.Reserve(positions * 3 * units);
  extra_.Reserve(positions * units);
  hidden_before_.Reserve(positions * units);
  seen_ = masks.state == nullptr ? hidden_before_.get() : masked_before_.Reserve(positions * units);
  Clear(zeros_.Reserve(units), units);
  if (options_.return_sequences) return;
  for (int rank = order_.active(0); rank < input.rows; ++rank) Clear(out + order_.row(rank) * units, units);
}

void Gru::StepProducts(const IndexedSequences& input, const RecurrentWeights& weights, int t) {
  const size_t units = units_, gate_width = 3 * units, start = order_.start(t);
  float* const gates = gates_.get() + start * gate_width;
  const int rows = order_.active(t);
  if (t == 0) {
    Clear(gates, rows * gate_width);
  } else {
    Gemm(Transpose::kNo, rows, seen_ + start * units, units_, packed_gates_, 0, gates, 3 * units_);
  }
  if (reset_after_) return;
  float* const reset = extra_.get() + start * units;
  for (int rank = 0; rank < rows; ++rank) {
    GruGatesForward(options_.gate, units, gates + rank * gate_width, product_.At(input, order_, start + rank),
                    weights.bias, Seen(t, start + rank), reset + rank * units);
  }
  if (t == 0) return;
  Gemm(Transpose::kNo, rows, reset, units_, packed_candidate_, 0, gates + 2 * units, 3 * units_);
}

void Gru::Forward(const IndexedSequences& input, const RecurrentWeights& weights, float* out,
                  const RecurrentMasks& masks) {
  Start(input, weights, masks, out);
  const size_t units = units_;
  for (int t = 0; t < order_.steps(); ++t) {
    StepProducts(input, weights, t);
    const size_t next = order_.start(t + 1);
    for (int rank = 0; rank < order_.active(t); ++rank) {
      const size_t position = order_.start(t) + rank;
      const bool goes_on = rank < order_.active(t + 1);
      float* const gates = gates_.get() + position * 3 * units;
      const float* const projected = product_.At(input, order_, position);
      float* const hidden = out + OutputPlace(options_, input, order_, t, rank) * units;
      if (reset_after_) {
        GruResetAfterForward(options_.gate, units, gates, projected, weights.bias, Before(t, position),
                             extra_.get() + position * units, hidden);
      } else {
        GruStateForward(units, gates, projected, weights.bias, Before(t, position), hidden);
      }
      if (!goes_on) continue;
      std::copy_n(hidden, units, hidden_before_.get() + (next + rank) * units);
      if (masks.state != nullptr) {
        Multiply(units, hidden, masks.state + order_.row(rank) * units, seen_ + (next + rank) * units);
      }
    }
  }
}

void Gru::Infer(const IndexedSequences& input, const RecurrentWeights& weights, float* out) {
  Forward(input, weights, out);
}

void Gru::StepBack(int t) {
  const size_t units = units_, gate_width = 3 * units, start = order_.start(t);
  const int rows = order_.active(t);
  float* const gates = gates_.get() + start * gate_width;
  float* const by_state = hidden_gradient_.get();
  float* const by_seen = seen_gradient_.get();
  if (reset_after_) {
    float* const recurrent = recurrent_.get() + start * gate_width;
    for (int rank = 0; rank < rows; ++rank) {
      const size_t position = start + rank;
      GruResetAfterBackward(options_.gate, units, gates + rank * gate_width, extra_.get() + position * units,
                            Before(t, position), recurrent + rank * gate_width, by_state + rank * units);
    }
    if (t == 0) return;
    Gemm(Transpose::kNo, rows, recurrent, 3 * units_, packed_gates_, 0, by_seen, units_);
    return;
  }
  for (int rank = 0; rank < rows; ++rank) {
    GruStateBackward(options_.gate, units, gates + rank * gate_width, Before(t, start + rank), by_state + rank * units);
  }
  float* const by_reset = reset_gradient_.get();
  Gemm(Transpose::kNo, rows, gates + 2 * units, 3 * units_, packed_candidate_, 0, by_reset, units_);
  for (int rank = 0; rank < rows; ++rank) {
    GruGatesBackward(options_.gate, units, gates + rank * gate_width, Seen(t, start + rank), by_reset + rank * units);
  }
  if (t == 0) return;
  std::copy_n(by_reset, rows * units, by_seen);
  Gemm(Transpose::kNo, rows, gates, 3 * units_, packed_gates_, 1, by_seen, units_);
}

void Gru::WalkBack(const IndexedSequences& input, const RecurrentWeights& weights, const float* out_gradient,
                   const float* state_mask) {
  const size_t units = units_;
  PackRecurrent(weights.recurrent, true);
  float* const by_state = hidden_gradient_.Reserve(order_.rows() * units);
  float* const by_seen = seen_gradient_.Reserve(order_.rows() * units);
  reset_gradient_.Reserve(order_.rows() * units);
  if (reset_after_) recurrent_.Reserve(order_.positions() * 3 * units);
  for (int t = order_.steps() - 1; t >= 0; --t) {
    for (int rank = 0; rank < order_.active(t); ++rank) {
      float* const gradient = by_state + rank * units;
      const float* const from_output = out_gradient + OutputPlace(options_, input, order_, t, rank) * units;
      if (rank >= order_.active(t + 1)) {
        std::copy_n(from_output, units, gradient);
        continue;
      }
      float* const seen = by_seen + rank * units;
      if (state_mask != nullptr) MultiplyBy(units, state_mask + order_.row(rank) * units, seen);
      AddTo(units, seen, gradient);
      if (options_.return_sequences) AddTo(units, from_output, gradient);
    }
    StepBack(t);
  }
}

void Gru::Backward(const IndexedSequences& input, const RecurrentWeights& weights, const float* out_gradient,
                   const RecurrentGradients& gradients, const RecurrentMasks& masks) {
  WalkBack(input, weights, out_gradient, masks.state);
  const size_t units = units_, gate_width = 3 * units, first = order_.active(0);
  // The state before step 0 is zero and adds nothing.
  const int later = static_cast<int>(order_.positions() - first);
  const float* const by_gates = gates_.get() + first * gate_width;
  const float* const seen = seen_ + first * units;
  if (reset_after_) {
    Gemm(options_.precision, Transpose::kYes, Transpose::kNo, units_, 3 * units_, later, seen, units_,
         recurrent_.get() + first * gate_width, 3 * units_, 0, gradients.recurrent, 3 * units_);
    // The recurrent bias is there in step 0, too.
    SumRows(order_.positions(), gate_width, recurrent_.get(), gradients.bias + gate_width);
  } else {
    Gemm(options_.precision, Transpose::kYes, Transpose::kNo, units_, 2 * units_, later, seen, units_, by_gates,
         3 * units_, 0, gradients.recurrent, 3 * units_);
    Gemm(options_.precision, Transpose::kYes, Transpose::kNo, units_, units_, later, extra_.get() + first * units,
         units_, by_gates + 2 * units, 3 * units_, 0, gradients.recurrent + 2 * units, 3 * units_);
  }
  product_.Backward(input, order_, weights.kernel, masks.input, gates_.get(), gradients.kernel, gradients.bias,
                    gradients.vectors);
}

}  // namespace pumasi
