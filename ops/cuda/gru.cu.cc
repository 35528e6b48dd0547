#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/clear_ranks.cu.h"
#include "ops/cuda/gru.h"
#include "ops/cuda/gru_cell.cu.h"
#include "ops/cuda/row_groups.h"

namespace pumasi::cuda {

GruMemory Gru::Memory(const RecurrentMasks& masks) const {
  return {.units = units_,
          .return_sequences = options_.return_sequences,
          .walk = walk_.device(),
          .projected = product_.product(),
          .projected_of_position = product_.row_of_position(walk_),
          .gates = gates_.get(),
          .extra = extra_.get(),
          .recurrent = recurrent_.get(),
          .hidden_before = hidden_before_.get(),
          .seen = masks.state == nullptr ? hidden_before_.get() : masked_before_.get()};
}

std::vector<uint64_t> Gru::Key(uint64_t kind, const RecurrentMasks& masks,
                               std::initializer_list<const void*> pointers) const {
  const GruMemory memory = Memory(masks);
  std::vector<uint64_t> key = {id_,
                               kind,
                               KeyOf(masks.state),
                               KeyOf(memory.walk.vector_of_position),
                               KeyOf(memory.walk.place_of_position),
                               KeyOf(memory.walk.row_of_rank),
                               KeyOf(memory.projected),
                               KeyOf(memory.projected_of_position),
                               KeyOf(memory.gates),
                               KeyOf(memory.extra),
                               KeyOf(memory.recurrent),
                               KeyOf(memory.hidden_before),
                               KeyOf(memory.seen)};
  for (const void* pointer : pointers) key.push_back(KeyOf(pointer));
  for (int t = 0; t < walk_.order().steps(); ++t) key.push_back(walk_.order().active(t));
  return key;
}

void Gru::StepForward(Stream* stream, int t, const RecurrentWeights& weights, float* out, const RecurrentMasks& masks) {
  const StepOrder& order = walk_.order();
  const int rows = order.active(t);
  const GruStep step = {Memory(masks), order.start(t), order.start(t + 1), static_cast<unsigned>(order.active(t + 1)),
                        t == 0,        weights.bias,   masks.state};
  const GruMemory& memory = step.memory;
  float* const gates = memory.gates + step.start * 3 * units_;
  // Whether the candidate's product belongs to the first one.
  const int columns = reset_after_ ? 3 * units_ : 2 * units_;
  if (t > 0) {
    Product(stream, precision_, Transposed::kNo, Transposed::kNo, rows, columns, units_,
            memory.seen + step.start * units_, units_, weights.recurrent, 3 * units_, 0, gates, 3 * units_);
  }
  WithGate(options_.gate, [&](auto gate) {
    using Gate = decltype(gate);
    if (reset_after_) return ForEachInRows(stream, rows, units_, GruResetAfterForward<Gate>{step, out});
    ForEachInRows(stream, rows, units_, GruGatesForward<Gate>{step});
    if (t > 0) {
      Product(stream, precision_, Transposed::kNo, Transposed::kNo, rows, units_, units_,
              memory.extra + step.start * units_, units_, weights.recurrent + 2 * units_, 3 * units_, 0,
              gates + 2 * units_, 3 * units_);
    }
    ForEachInRows(stream, rows, units_, GruStateForward{step, out});
  });
}

void Gru::Forward(Stream* stream, const SequenceIndex& index, const float* vectors, const RecurrentWeights& weights,
                  float* out, const RecurrentMasks& masks) {
  walk_.Build(stream, index, options_);
  product_.Forward(stream, index, walk_, vectors, weights.kernel, masks.input);
  const StepOrder& order = walk_.order();
  const size_t positions = order.positions();
  gates_.Reserve(stream, positions * 3 * units_);
  extra_.Reserve(stream, positions * units_);
  hidden_before_.Reserve(stream, positions * units_);
  if (masks.state != nullptr) masked_before_.Reserve(stream, positions * units_);
  if (reset_after_) recurrent_.Reserve(stream, positions * 3 * units_);
  if (!options_.return_sequences) {
    const size_t first = order.active(0);
    ForEachInRows(stream, order.rows() - first, units_, ClearRanks{units_, walk_.device().row_of_rank, first, out});
  }
  if (!stream->ok()) return;
  stream->Replay(Key(2, masks, {weights.recurrent, weights.bias, out}), [&] {
    for (int t = 0; t < order.steps(); ++t) StepForward(stream, t, weights, out, masks);
  });
}

void Gru::StepBack(Stream* stream, int t, const RecurrentWeights& weights, const float* out_gradient,
                   const RecurrentMasks& masks) {
  const StepOrder& order = walk_.order();
  const int rows = order.active(t);
  const GruStep step = {Memory(masks), order.start(t), order.start(t + 1), static_cast<unsigned>(order.active(t + 1)),
                        t == 0,        weights.bias,   masks.state};
  float *const by_state = hidden_gradient_.get(), *const by_seen = seen_gradient_.get();
  const GruGradient gradient = {step, out_gradient, by_state, by_seen};
  WithGate(options_.gate, [&](auto gate) {
    using Gate = decltype(gate);
    if (reset_after_) {
      ForEachInRows(stream, rows, units_, GruResetAfterBackward<Gate>{gradient, by_state});
      if (t == 0) return;
      Product(stream, precision_, Transposed::kNo, Transposed::kYes, rows, units_, 3 * units_,
              step.memory.recurrent + step.start * 3 * units_, 3 * units_, weights.recurrent, 3 * units_, 0, by_seen,
              units_);
      return;
    }
    float* const gates = step.memory.gates + step.start * 3 * units_;
    ForEachInRows(stream, rows, units_, GruStateBackward<Gate>{gradient, by_state});
    Product(stream, precision_, Transposed::kNo, Transposed::kYes, rows, units_, units_, gates + 2 * units_, 3 * units_,
            weights.recurrent + 2 * units_, 3 * units_, 0, reset_gradient_.get(), units_);
    ForEachInRows(stream, rows, units_, GruGatesBackward<Gate>{step, reset_gradient_.get(), by_seen});
    if (t == 0) return;
    Product(stream, precision_, Transposed::kNo, Transposed::kYes, rows, units_, 2 * units_, gates, 3 * units_,
            weights.recurrent, 3 * units_, 1, by_seen, units_);
  });
}

void Gru::Backward(Stream* stream, const SequenceIndex& index, const float* vectors, const RecurrentWeights& weights,
                   const float* out_gradient, const RecurrentGradients& gradients, const RecurrentMasks& masks) {
  const StepOrder& order = walk_.order();
  for (DeviceBuffer<float>* buffer : {&hidden_gradient_, &seen_gradient_, &reset_gradient_}) {
    buffer->Reserve(stream, static_cast<size_t>(order.rows()) * units_);
  }
  if (!stream->ok()) return;
  const std::vector<uint64_t> key = Key(
      3, masks, {weights.recurrent, out_gradient, hidden_gradient_.get(), seen_gradient_.get(), reset_gradient_.get()});
  stream->Replay(key, [&] {
    for (int t = order.steps() - 1; t >= 0; --t) StepBack(stream, t, weights, out_gradient, masks);
  });
  // The state before step 0 is zero and adds nothing.
  const GruMemory memory = Memory(masks);
  const size_t first = order.active(0);
  const int later = static_cast<int>(order.positions() - first);
  const float* const seen = memory.seen + first * units_;
  const float* const by_gates = memory.gates + first * 3 * units_;
  if (reset_after_) {
    Product(stream, precision_, Transposed::kYes, Transposed::kNo, units_, 3 * units_, later, seen, units_,
            memory.recurrent + first * 3 * units_, 3 * units_, 0, gradients.recurrent, 3 * units_);
    // The recurrent bias is there in step 0, too.
    SumRows(stream, order.positions(), 3 * units_, memory.recurrent, &partial_, gradients.bias + 3 * units_);
  } else {
    Product(stream, precision_, Transposed::kYes, Transposed::kNo, units_, 2 * units_, later, seen, units_, by_gates,
            3 * units_, 0, gradients.recurrent, 3 * units_);
    Product(stream, precision_, Transposed::kYes, Transposed::kNo, units_, units_, later, memory.extra + first * units_,
            units_, by_gates + 2 * units_, 3 * units_, 0, gradients.recurrent + 2 * units_, 3 * units_);
  }
  product_.Backward(stream, index, walk_, vectors, weights.kernel, masks.input, memory.gates, gradients.kernel,
                    gradients.bias, gradients.vectors);
}

}  // namespace pumasi::cuda
