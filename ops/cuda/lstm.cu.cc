#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/clear_ranks.cu.h"
#include "ops/cuda/lstm.h"
#include "ops/gate_activation.h"
#include "ops/math.h"

namespace pumasi::cuda {
namespace {

// One step of the rows that are active in it; the formulas are those of ops/lstm_cell.h.
template <typename Gate>
struct ForwardCell {
  LstmMemory memory;
  size_t start, before, next;  // positions of this step, the step before and after
  unsigned goes_on;            // ranks that have a next step
  bool first;                  // there is no state before
  const float *bias, *state_mask;
  float* out;

  __device__ void operator()(size_t rank, int u) const {
    const int units = memory.units;
    const size_t position = start + rank;
    const size_t source = memory.projected_of_position == nullptr ? position : memory.projected_of_position[position];
    float* const gates = memory.gates + position * 4 * units;
    const float* const projected = memory.projected + source * 4 * units;
    const auto before_activation = [&](int gate) {
      const int at = gate * units + u;
      return ((first ? 0.0f : gates[at]) + projected[at]) + bias[at];
    };
    const float i = Gate::Value(before_activation(0));
    const float f = Gate::Value(before_activation(1));
    const float g = Tanh(before_activation(2));
    const float o = Gate::Value(before_activation(3));
    const float c = f * (first ? 0.0f : memory.cells[(before + rank) * units + u]) + i * g;
    const float h = o * Tanh(c);
    gates[u] = i;
    gates[units + u] = f;
    gates[2 * units + u] = g;
    gates[3 * units + u] = o;
    memory.cells[position * units + u] = c;
    const bool ends = rank >= goes_on;
    if (ends || memory.return_sequences) {
      out[static_cast<size_t>(memory.walk.place_of_position[position]) * units + u] = h;
    }
    if (ends) return;
    const float mask =
        state_mask == nullptr ? 1.0f : state_mask[static_cast<size_t>(memory.walk.row_of_rank[rank]) * units + u];
    memory.hidden_before[(next + rank) * units + u] = h * mask;
  }
};

template <typename Gate>
struct BackwardCell {
  LstmMemory memory;
  size_t start, before;
  unsigned goes_on;
  bool first;
  const float *out_gradient, *state_mask;
  float *hidden_gradient, *cell_gradient;

  __device__ void operator()(size_t rank, int u) const {
    const int units = memory.units;
    const size_t position = start + rank;
    const bool ends = rank >= goes_on;
    float dh = 0;
    if (!ends) {
      dh = hidden_gradient[rank * units + u];
      if (state_mask != nullptr) dh *= state_mask[static_cast<size_t>(memory.walk.row_of_rank[rank]) * units + u];
    }
    if (ends || memory.return_sequences) {
      const float from_output = out_gradient[static_cast<size_t>(memory.walk.place_of_position[position]) * units + u];
      dh = ends ? from_output : dh + from_output;
    }
    float* const gates = memory.gates + position * 4 * units;
    const float i = gates[u], f = gates[units + u], g = gates[2 * units + u], o = gates[3 * units + u];
    const float tanh_c = Tanh(memory.cells[position * units + u]);
    const float dc = (ends ? 0.0f : cell_gradient[rank * units + u]) + dh * o * (1.0f - tanh_c * tanh_c);
    const float cell_before = first ? 0.0f : memory.cells[(before + rank) * units + u];
    gates[u] = dc * g * Gate::Slope(i);
    gates[units + u] = dc * cell_before * Gate::Slope(f);
    gates[2 * units + u] = dc * i * (1.0f - g * g);
    gates[3 * units + u] = dh * tanh_c * Gate::Slope(o);
    cell_gradient[rank * units + u] = dc * f;
  }
};

}  // namespace

bool Lstm::Persists(const RecurrentMasks& masks) const {
  return precision_ == Precision::kBf16 && masks.state == nullptr && PersistentLstm::Takes(units_, options_.gate);
}

LstmMemory Lstm::Memory() const {
  return {.units = units_,
          .rows = walk_.order().rows(),
          .steps = walk_.order().steps(),
          .return_sequences = options_.return_sequences,
          .walk = walk_.device(),
          .projected = product_.product(),
          .projected_of_position = product_.row_of_position(walk_),
          .gates = gates_.get(),
          .cells = cells_.get(),
          .hidden_before = hidden_before_.get()};
}

std::vector<uint64_t> Lstm::Key(uint64_t kind, std::initializer_list<const void*> pointers) const {
  const LstmMemory memory = Memory();
  std::vector<uint64_t> key = {id_, kind};
  for (const void* pointer : pointers) key.push_back(KeyOf(pointer));
  for (const void* pointer :
       {static_cast<const void*>(memory.walk.vector_of_position),
        static_cast<const void*>(memory.walk.place_of_position), static_cast<const void*>(memory.walk.row_of_rank),
        static_cast<const void*>(memory.projected), static_cast<const void*>(memory.projected_of_position),
        static_cast<const void*>(memory.gates), static_cast<const void*>(memory.cells),
        static_cast<const void*>(memory.hidden_before)}) {
    key.push_back(KeyOf(pointer));
  }
  for (int t = 0; t < memory.steps; ++t) key.push_back(walk_.order().active(t));
  return key;
}

void Lstm::StepForward(Stream* stream, int t, const RecurrentWeights& weights, float* out,
                       const RecurrentMasks& masks) {
  const StepOrder& order = walk_.order();
  const LstmMemory memory = Memory();
  const size_t start = order.start(t), before = t == 0 ? 0 : order.start(t - 1);
  if (t > 0) {
    Product(stream, precision_, Transposed::kNo, Transposed::kNo, order.active(t), 4 * units_, units_,
            memory.hidden_before + start * units_, units_, weights.recurrent, 4 * units_, 0,
            memory.gates + start * 4 * units_, 4 * units_);
  }
  WithGate(options_.gate, [&](auto gate) {
    const ForwardCell<decltype(gate)> cell = {
        memory,       start,       before, order.start(t + 1), static_cast<unsigned>(order.active(t + 1)), t == 0,
        weights.bias, masks.state, out};
    ForEachInRows(stream, order.active(t), units_, cell);
  });
}

void Lstm::Forward(Stream* stream, const SequenceIndex& index, const float* vectors, const RecurrentWeights& weights,
                   float* out, const RecurrentMasks& masks) {
  walk_.Build(stream, index, options_);
  product_.Forward(stream, index, walk_, vectors, weights.kernel, masks.input);
  const StepOrder& order = walk_.order();
  gates_.Reserve(stream, order.positions() * 4 * units_);
  cells_.Reserve(stream, order.positions() * units_);
  hidden_before_.Reserve(stream, order.positions() * units_);
  if (!options_.return_sequences) {
    const int empty = order.rows() - order.active(0);
    const ClearRanks clear = {units_, walk_.device().row_of_rank, static_cast<size_t>(order.active(0)), out};
    ForEachInRows(stream, empty, units_, clear);
  }
  if (!stream->ok()) return;
  if (Persists(masks)) return persistent_.Forward(stream, Memory(), weights.recurrent, weights.bias, out);
  stream->Replay(Key(0, {weights.recurrent, weights.bias, out, masks.state}), [&] {
    for (int t = 0; t < order.steps(); ++t) StepForward(stream, t, weights, out, masks);
  });
}

void Lstm::StepBack(Stream* stream, int t, const RecurrentWeights& weights, const float* out_gradient,
                    const RecurrentMasks& masks) {
  const StepOrder& order = walk_.order();
  const LstmMemory memory = Memory();
  // Rows that went on get their gradient from the step after; rows that ended here, from the layer's output.
  Product(stream, precision_, Transposed::kNo, Transposed::kYes, order.active(t + 1), units_, 4 * units_,
          memory.gates + (t + 1 < order.steps() ? order.start(t + 1) : 0) * 4 * units_, 4 * units_, weights.recurrent,
          4 * units_, 0, hidden_gradient_.get(), units_);
  WithGate(options_.gate, [&](auto gate) {
    const BackwardCell<decltype(gate)> cell = {memory,
                                               order.start(t),
                                               t == 0 ? 0 : order.start(t - 1),
                                               static_cast<unsigned>(order.active(t + 1)),
                                               t == 0,
                                               out_gradient,
                                               masks.state,
                                               hidden_gradient_.get(),
                                               cell_gradient_.get()};
    ForEachInRows(stream, order.active(t), units_, cell);
  });
}

void Lstm::Backward(Stream* stream, const SequenceIndex& index, const float* vectors, const RecurrentWeights& weights,
                    const float* out_gradient, const RecurrentGradients& gradients, const RecurrentMasks& masks) {
  const StepOrder& order = walk_.order();
  if (Persists(masks)) {
    persistent_.Backward(stream, Memory(), weights.recurrent, out_gradient);
  } else {
    hidden_gradient_.Reserve(stream, static_cast<size_t>(order.rows()) * units_);
    cell_gradient_.Reserve(stream, static_cast<size_t>(order.rows()) * units_);
    if (!stream->ok()) return;
    const std::vector<uint64_t> key =
        Key(1, {weights.recurrent, out_gradient, masks.state, hidden_gradient_.get(), cell_gradient_.get()});
    stream->Replay(key, [&] {
      for (int t = order.steps() - 1; t >= 0; --t) StepBack(stream, t, weights, out_gradient, masks);
    });
  }
  // The state before step 0 is zero and adds nothing.
  const size_t first = order.active(0);
  Product(stream, precision_, Transposed::kYes, Transposed::kNo, units_, 4 * units_,
          static_cast<int>(order.positions() - first), hidden_before_.get() + first * units_, units_,
          gates_.get() + first * 4 * units_, 4 * units_, 0, gradients.recurrent, 4 * units_);
  product_.Backward(stream, index, walk_, vectors, weights.kernel, masks.input, gates_.get(), gradients.kernel,
                    gradients.bias, gradients.vectors);
}

}  // namespace pumasi::cuda
