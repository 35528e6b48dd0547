// One step of a GRU for the rows that are active in it, without the matrix products; the formulas are those of
// ops/gru_cell.h. Each struct is called for (rank, unit).
#ifndef PUMASI_OPS_CUDA_GRU_CELL_CU_H_
#define PUMASI_OPS_CUDA_GRU_CELL_CU_H_

#include "ops/cuda/device_code.h"
// After device_code.h, which has to be first.
#include "ops/cuda/gru.h"
#include "ops/math.h"

namespace pumasi::cuda {

// Where a step stands in the walk.
struct GruStep {
  GruMemory memory;
  size_t start, next;  // positions of this step and the step after
  unsigned goes_on;    // ranks that have a next step
  bool first;          // there is no state before
  const float *bias, *state_mask;

  __device__ size_t position(size_t rank) const { return start + rank; }
  __device__ float* gates(size_t rank) const { return memory.gates + position(rank) * 3 * memory.units; }
  __device__ const float* projected(size_t rank) const {
    const size_t p = position(rank);
    const size_t row = memory.projected_of_position == nullptr ? p : memory.projected_of_position[p];
    return memory.projected + row * 3 * memory.units;
  }
  __device__ float before(size_t rank, int u) const {
    return first ? 0.0f : memory.hidden_before[position(rank) * memory.units + u];
  }
  __device__ float seen(size_t rank, int u) const {
    return first ? 0.0f : memory.seen[position(rank) * memory.units + u];
  }
  __device__ float mask(size_t rank, int u) const {
    return state_mask[static_cast<size_t>(memory.walk.row_of_rank[rank]) * memory.units + u];
  }
  __device__ size_t place(size_t rank, int u) const {
    return static_cast<size_t>(memory.walk.place_of_position[position(rank)]) * memory.units + u;
  }
  // Hands the new state on: to the output, and to the next step.
  __device__ void Keep(size_t rank, int u, float hidden, float* out) const {
    const bool ends = rank >= goes_on;
    if (ends || memory.return_sequences) out[place(rank, u)] = hidden;
    if (ends) return;
    const size_t at = (next + rank) * memory.units + u;
    memory.hidden_before[at] = hidden;
    if (state_mask != nullptr) memory.seen[at] = hidden * mask(rank, u);
  }
};

template <typename Gate>
struct GruResetAfterForward {
  GruStep step;
  float* out;

  __device__ void operator()(size_t rank, int u) const {
    const int units = step.memory.units, uz = u, ur = units + u, uh = 2 * units + u;
    float* const gates = step.gates(rank);
    const float* const projected = step.projected(rank);
    const float* const bias = step.bias;
    const float* const recurrent_bias = bias + 3 * units;
    const auto product = [&](int at) { return step.first ? 0.0f : gates[at]; };
    const float z = Gate::Value((product(uz) + recurrent_bias[uz]) + (projected[uz] + bias[uz]));
    const float r = Gate::Value((product(ur) + recurrent_bias[ur]) + (projected[ur] + bias[ur]));
    const float product_h = product(uh) + recurrent_bias[uh];
    const float candidate = Tanh((projected[uh] + bias[uh]) + r * product_h);
    gates[uz] = z;
    gates[ur] = r;
    gates[uh] = candidate;
    step.memory.extra[step.position(rank) * units + u] = product_h;
    step.Keep(rank, u, z * step.before(rank, u) + (1.0f - z) * candidate, out);
  }
};

// Reset before, up to the second product.
template <typename Gate>
struct GruGatesForward {
  GruStep step;

  __device__ void operator()(size_t rank, int u) const {
    const int units = step.memory.units, uz = u, ur = units + u;
    float* const gates = step.gates(rank);
    const float* const projected = step.projected(rank);
    const float r = Gate::Value(((step.first ? 0.0f : gates[ur]) + projected[ur]) + step.bias[ur]);
    gates[uz] = Gate::Value(((step.first ? 0.0f : gates[uz]) + projected[uz]) + step.bias[uz]);
    gates[ur] = r;
    step.memory.extra[step.position(rank) * units + u] = r * step.seen(rank, u);
  }
};

// Reset before, after the second product.
struct GruStateForward {
  GruStep step;
  float* out;

  __device__ void operator()(size_t rank, int u) const {
    const int uh = 2 * step.memory.units + u;
    float* const gates = step.gates(rank);
    const float z = gates[u];
    const float candidate = Tanh(((step.first ? 0.0f : gates[uh]) + step.projected(rank)[uh]) + step.bias[uh]);
    gates[uh] = candidate;
    step.Keep(rank, u, z * step.before(rank, u) + (1.0f - z) * candidate, out);
  }
};

// The whole gradient by h: what came through the step after, past its products and through them, and the output's.
struct GruGradient {
  GruStep step;
  const float* out_gradient;
  const float *by_state, *by_seen;

  __device__ float operator()(size_t rank, int u) const {
    const bool ends = rank >= step.goes_on;
    const float from_output = ends || step.memory.return_sequences ? out_gradient[step.place(rank, u)] : 0.0f;
    if (ends) return from_output;
    const size_t at = rank * step.memory.units + u;
    const float seen = step.state_mask == nullptr ? by_seen[at] : by_seen[at] * step.mask(rank, u);
    const float sum = by_state[at] + seen;
    return step.memory.return_sequences ? sum + from_output : sum;
  }
};

template <typename Gate>
struct GruResetAfterBackward {
  GruGradient gradient;
  float* by_state;

  __device__ void operator()(size_t rank, int u) const {
    const GruStep& step = gradient.step;
    const int units = step.memory.units, uz = u, ur = units + u, uh = 2 * units + u;
    float* const gates = step.gates(rank);
    float* const recurrent = step.memory.recurrent + step.position(rank) * 3 * units;
    const float z = gates[uz], r = gates[ur], candidate = gates[uh];
    const float dh = gradient(rank, u);
    const float by_z = dh * (step.before(rank, u) - candidate) * Gate::Slope(z);
    const float by_h = dh * (1.0f - z) * (1.0f - candidate * candidate);
    const float by_r = by_h * step.memory.extra[step.position(rank) * units + u] * Gate::Slope(r);
    gates[uz] = by_z;
    gates[ur] = by_r;
    gates[uh] = by_h;
    recurrent[uz] = by_z;
    recurrent[ur] = by_r;
    recurrent[uh] = by_h * r;
    by_state[rank * units + u] = dh * z;
  }
};

// Reset before, up to the product of candidate gradients with R_h's transpose.
template <typename Gate>
struct GruStateBackward {
  GruGradient gradient;
  float* by_state;

  __device__ void operator()(size_t rank, int u) const {
    const GruStep& step = gradient.step;
    const int units = step.memory.units, uh = 2 * units + u;
    float* const gates = step.gates(rank);
    const float z = gates[u], candidate = gates[uh];
    const float dh = gradient(rank, u);
    gates[u] = dh * (step.before(rank, u) - candidate) * Gate::Slope(z);
    gates[uh] = dh * (1.0f - z) * (1.0f - candidate * candidate);
    by_state[rank * units + u] = dh * z;
  }
};

// Reset before, the rest.
template <typename Gate>
struct GruGatesBackward {
  GruStep step;
  const float* by_reset;
  float* by_seen;

  __device__ void operator()(size_t rank, int u) const {
    const int units = step.memory.units;
    float* const gates = step.gates(rank);
    const float r = gates[units + u], by = by_reset[rank * units + u];
    gates[units + u] = by * step.seen(rank, u) * Gate::Slope(r);
    by_seen[rank * units + u] = by * r;
  }
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_GRU_CELL_CU_H_
