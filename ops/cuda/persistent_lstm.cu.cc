#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/persistent_lstm.h"
#include "ops/cuda/tensor_core.cu.h"
#include "ops/gate_activation.h"
#include "ops/math.h"

namespace pumasi::cuda {
namespace {

// How the work is shared: a cluster walks kTileRows rows. Each of its blocks owns kOwn units, each warp 8 of them with
// all four gates. In a warp's tile of gate j and its 8 units, lane (g, t) has rows g and g + 8 of units 2t and 2t + 1:
// the four gates of a unit and row meet in one lane, which keeps the cell's state in registers.
//
// The weights stay in registers, too: each lane keeps its share of its warp's tiles, 128 registers for 256 units.
// Between steps blocks exchange, through each other's shared memory, what the next product multiplies: the states
// forward, the gate gradients backward. There are two of these arrays in turns, so that one barrier a step is enough.
template <int kUnits, int kCluster>
struct Plan {
  static constexpr int kOwn = kUnits / kCluster;
  static constexpr int kWarps = kOwn / kTileColumns;
  static constexpr int kThreads = kWarps * kWarp;
  static constexpr int kGates = 4 * kUnits;
  // Depth tiles of the two products.
  static constexpr int kForwardTiles = kUnits / kTileDepth;
  static constexpr int kBackwardTiles = kGates / kTileDepth;
  // Words between rows of an exchanged array: 4 more, so that the 8 rows of a fragment are in different banks.
  static constexpr int kStateStride = kUnits / 2 + 4;
  static constexpr int kGateStride = kGates / 2 + 4;
};

// Where a lane stands.
struct Lane {
  int g, t;
  int warp;
  int unit;  // the first of its two, of all units

  __device__ Lane(int own, unsigned rank)
      : g(threadIdx.x % kWarp / 4),
        t(threadIdx.x % 4),
        warp(threadIdx.x / kWarp),
        unit(rank * own + threadIdx.x / kWarp * kTileColumns + threadIdx.x % 4 * 2) {}
};

struct alignas(8) Two {
  float value[2];
};

__device__ inline Two Load(const float* from) { return *reinterpret_cast<const Two*>(from); }
__device__ inline void Store(const Two& two, float* to) { *reinterpret_cast<Two*>(to) = two; }

// The rows of a depth tile of A that a lane holds; rows are `stride` words apart.
__device__ inline void LoadA(const uint32_t* array, int stride, int tile, const Lane& lane, uint32_t (&a)[4]) {
  const uint32_t* const at = array + lane.g * stride + tile * (kTileDepth / 2) + lane.t;
  a[0] = at[0];
  a[1] = at[8 * stride];
  a[2] = at[4];
  a[3] = at[8 * stride + 4];
}

// Packed weights: for each (unit tile of 8, gate, depth tile) of the forward product, and each (unit tile, depth tile)
// of the backward one, 32 lanes' pairs.
template <int kUnits>
__global__ void PackForward(const float* recurrent, PairOfTwo* packed) {
  constexpr int kTiles = kUnits / kTileDepth;
  const int place = blockIdx.x * blockDim.x + threadIdx.x;
  const int lane = place % kWarp, tile = place / kWarp % kTiles, column_tile = place / kWarp / kTiles;
  if (column_tile >= kUnits / kTileColumns * 4) return;
  const int gate = column_tile % 4, unit = column_tile / 4 * kTileColumns + lane / 4;
  const float* const column = recurrent + gate * kUnits + unit;
  const int depth = tile * kTileDepth + lane % 4 * 2;
  const auto at = [&](int d) { return column[static_cast<size_t>(d) * 4 * kUnits]; };
  packed[place] = {{PackPair(at(depth), at(depth + 1)), PackPair(at(depth + 8), at(depth + 9))}};
}

template <int kUnits>
__global__ void PackBackward(const float* recurrent, PairOfTwo* packed) {
  constexpr int kTiles = 4 * kUnits / kTileDepth;
  const int place = blockIdx.x * blockDim.x + threadIdx.x;
  const int lane = place % kWarp, tile = place / kWarp % kTiles, unit_tile = place / kWarp / kTiles;
  if (unit_tile >= kUnits / kTileColumns) return;
  const int unit = unit_tile * kTileColumns + lane / 4;
  // R's transpose: column `unit` is row `unit` of R.
  const float* const row = recurrent + static_cast<size_t>(unit) * 4 * kUnits + tile * kTileDepth + lane % 4 * 2;
  packed[place] = {{PackPair(row[0], row[1]), PackPair(row[8], row[9])}};
}

// The cell's forward formulas (ops/lstm_cell.h) for one row and unit; z becomes i, f, g, o.
__device__ inline float CellForward(float (&z)[4], float& c) {
  z[0] = Sigmoid(z[0]);
  z[1] = Sigmoid(z[1]);
  z[2] = Tanh(z[2]);
  z[3] = Sigmoid(z[3]);
  c = z[1] * c + z[0] * z[2];
  return z[3] * Tanh(c);
}

template <int kUnits, int kCluster>
__global__ void __launch_bounds__(Plan<kUnits, kCluster>::kThreads, 1)
    ForwardKernel(LstmMemory memory, const PairOfTwo* packed, const float* bias, float* out) {
  using P = Plan<kUnits, kCluster>;
  const unsigned rank = RankInCluster();
  const Lane lane(P::kOwn, rank);
  const unsigned first_rank = blockIdx.x / kCluster * kTileRows;

  PairOfTwo weights[4][P::kForwardTiles];
  const int unit_tile = rank * P::kWarps + lane.warp;
  PUMASI_UNROLL
  for (int gate = 0; gate < 4; ++gate) {
    PUMASI_UNROLL
    for (int tile = 0; tile < P::kForwardTiles; ++tile) {
      weights[gate][tile] = packed[((unit_tile * 4 + gate) * P::kForwardTiles + tile) * kWarp + threadIdx.x % kWarp];
    }
  }
  float bias_of[4][2];
  for (int gate = 0; gate < 4; ++gate) {
    for (int p = 0; p < 2; ++p) bias_of[gate][p] = bias[gate * kUnits + lane.unit + p];
  }
  uint32_t* const states = SharedMemory<uint32_t>();
  constexpr int kArray = kTileRows * P::kStateStride;
  // Rows that end early leave their places behind; what stands there is multiplied and not used.
  for (int i = threadIdx.x; i < 2 * kArray; i += blockDim.x) states[i] = 0;
  SyncCluster();

  float cell[2][2] = {};
  for (int step = 0; step < memory.steps; ++step) {
    const unsigned active = memory.walk.active[step], goes_on = memory.walk.active[step + 1];
    if (first_rank >= active) break;
    const size_t start = memory.walk.start[step], next = memory.walk.start[step + 1];
    Two projected[2][4];
    for (int half = 0; half < 2; ++half) {
      const unsigned row = first_rank + lane.g + 8 * half;
      if (row >= active) continue;
      const size_t position = start + row;
      const size_t source = memory.projected_of_position == nullptr ? position : memory.projected_of_position[position];
      for (int gate = 0; gate < 4; ++gate) {
        projected[half][gate] = Load(memory.projected + (source * 4 + gate) * kUnits + lane.unit);
      }
    }
    float sums[4][4] = {};
    if (step > 0) {
      const uint32_t* const array = states + step % 2 * kArray;
      PUMASI_UNROLL
      for (int tile = 0; tile < P::kForwardTiles; ++tile) {
        uint32_t a[4];
        LoadA(array, P::kStateStride, tile, lane, a);
        PUMASI_UNROLL
        for (int gate = 0; gate < 4; ++gate) MultiplyAdd(a, weights[gate][tile], sums[gate]);
      }
    }
    uint32_t* const handed_on = states + (step + 1) % 2 * kArray;
    for (int half = 0; half < 2; ++half) {
      const unsigned row = first_rank + lane.g + 8 * half;
      if (row >= active) continue;
      const size_t position = start + row;
      Two gates[4], cells, hidden;
      for (int p = 0; p < 2; ++p) {
        float z[4];
        for (int gate = 0; gate < 4; ++gate) {
          z[gate] = (sums[gate][half * 2 + p] + projected[half][gate].value[p]) + bias_of[gate][p];
        }
        hidden.value[p] = CellForward(z, cell[half][p]);
        cells.value[p] = cell[half][p];
        for (int gate = 0; gate < 4; ++gate) gates[gate].value[p] = z[gate];
      }
      for (int gate = 0; gate < 4; ++gate) {
        Store(gates[gate], memory.gates + (position * 4 + gate) * kUnits + lane.unit);
      }
      Store(cells, memory.cells + position * kUnits + lane.unit);
      const bool ends = row >= goes_on;
      if (ends || memory.return_sequences) {
        float* const to = out + static_cast<size_t>(memory.walk.place_of_position[position]) * kUnits + lane.unit;
        for (int p = 0; p < 2; ++p) to[p] = hidden.value[p];
      }
      if (ends) continue;
      Store(hidden, memory.hidden_before + (next + row) * kUnits + lane.unit);
      const uint32_t pair = PackPair(hidden.value[0], hidden.value[1]);
      uint32_t* const own = handed_on + (lane.g + 8 * half) * P::kStateStride + lane.unit / 2;
      for (unsigned block = 0; block < kCluster; ++block) *SharedOfBlock(own, block) = pair;
    }
    SyncCluster();
  }
}

template <int kUnits, int kCluster>
__global__ void __launch_bounds__(Plan<kUnits, kCluster>::kThreads, 1)
    BackwardKernel(LstmMemory memory, const PairOfTwo* packed, const float* out_gradient) {
  using P = Plan<kUnits, kCluster>;
  const unsigned rank = RankInCluster();
  const Lane lane(P::kOwn, rank);
  const unsigned first_rank = blockIdx.x / kCluster * kTileRows;

  PairOfTwo weights[P::kBackwardTiles];
  const int unit_tile = rank * P::kWarps + lane.warp;
  PUMASI_UNROLL
  for (int tile = 0; tile < P::kBackwardTiles; ++tile) {
    weights[tile] = packed[(unit_tile * P::kBackwardTiles + tile) * kWarp + threadIdx.x % kWarp];
  }
  uint32_t* const gradients = SharedMemory<uint32_t>();
  constexpr int kArray = kTileRows * P::kGateStride;
  for (int i = threadIdx.x; i < 2 * kArray; i += blockDim.x) gradients[i] = 0;
  SyncCluster();

  int steps = 0;
  while (steps < memory.steps && memory.walk.active[steps] > first_rank) ++steps;
  float cell_gradient[2][2] = {};
  for (int step = steps - 1; step >= 0; --step) {
    const unsigned active = memory.walk.active[step], goes_on = memory.walk.active[step + 1];
    const size_t start = memory.walk.start[step], before = step == 0 ? 0 : memory.walk.start[step - 1];
    // Four sums side by side, one a gate, as each addition of a tile waits for the one before.
    float sums[4][4] = {};
    if (step < steps - 1) {
      const uint32_t* const array = gradients + step % 2 * kArray;
      PUMASI_UNROLL
      for (int tile = 0; tile < P::kBackwardTiles / 4; ++tile) {
        PUMASI_UNROLL
        for (int gate = 0; gate < 4; ++gate) {
          uint32_t a[4];
          LoadA(array, P::kGateStride, gate * (P::kBackwardTiles / 4) + tile, lane, a);
          MultiplyAdd(a, weights[gate * (P::kBackwardTiles / 4) + tile], sums[gate]);
        }
      }
    }
    uint32_t* const handed_on = gradients + (step + 1) % 2 * kArray;
    for (int half = 0; half < 2; ++half) {
      const unsigned row = first_rank + lane.g + 8 * half;
      if (row >= active) continue;
      const size_t position = start + row;
      const bool ends = row >= goes_on;
      Two gates[4];
      for (int gate = 0; gate < 4; ++gate) {
        gates[gate] = Load(memory.gates + (position * 4 + gate) * kUnits + lane.unit);
      }
      const Two cells = Load(memory.cells + position * kUnits + lane.unit);
      Two cells_before = {};
      if (step > 0) cells_before = Load(memory.cells + (before + row) * kUnits + lane.unit);
      const float* from_output = nullptr;
      if (ends || memory.return_sequences) {
        from_output = out_gradient + static_cast<size_t>(memory.walk.place_of_position[position]) * kUnits + lane.unit;
      }
      for (int p = 0; p < 2; ++p) {
        const int at = half * 2 + p;
        float dh = ends ? 0.0f : (sums[0][at] + sums[1][at]) + (sums[2][at] + sums[3][at]);
        if (from_output != nullptr) dh += from_output[p];
        const float i = gates[0].value[p], f = gates[1].value[p], g = gates[2].value[p], o = gates[3].value[p];
        const float tanh_c = Tanh(cells.value[p]);
        const float dc = (ends ? 0.0f : cell_gradient[half][p]) + dh * o * (1.0f - tanh_c * tanh_c);
        gates[0].value[p] = dc * g * SigmoidGate::Slope(i);
        gates[1].value[p] = dc * cells_before.value[p] * SigmoidGate::Slope(f);
        gates[2].value[p] = dc * i * (1.0f - g * g);
        gates[3].value[p] = dh * tanh_c * SigmoidGate::Slope(o);
        cell_gradient[half][p] = dc * f;
      }
      for (int gate = 0; gate < 4; ++gate) {
        Store(gates[gate], memory.gates + (position * 4 + gate) * kUnits + lane.unit);
        if (step == 0) continue;
        const uint32_t pair = PackPair(gates[gate].value[0], gates[gate].value[1]);
        uint32_t* const own = handed_on + (lane.g + 8 * half) * P::kGateStride + (gate * kUnits + lane.unit) / 2;
        for (unsigned block = 0; block < kCluster; ++block) *SharedOfBlock(own, block) = pair;
      }
    }
    SyncCluster();
  }
}

// Calls f with the plan of the size.
template <typename F>
void WithPlan(int units, F f) {
  if (units == 64) f(Plan<64, 1>());
  if (units == 128) f(Plan<128, 2>());
  if (units == 256) f(Plan<256, 4>());
}

template <int kUnits, int kCluster>
Grid GridOf(Plan<kUnits, kCluster>, const LstmMemory& memory, int stride) {
  const size_t clusters = (static_cast<size_t>(memory.rows) + kTileRows - 1) / kTileRows;
  return {.blocks = clusters * kCluster,
          .threads = Plan<kUnits, kCluster>::kThreads,
          .shared_bytes = 2 * kTileRows * stride * sizeof(uint32_t),
          .cluster = kCluster};
}

template <int kUnits, int kCluster>
void StartForward(Stream* stream, Plan<kUnits, kCluster> plan, const LstmMemory& memory, const float* recurrent,
                  const float* bias, float* out, PairOfTwo* packed) {
  constexpr int kPairs = kUnits * kUnits;  // 4·kUnits² weights, four each
  Launch(stream, {.blocks = kPairs / 256}, PackForward<kUnits>, recurrent, packed);
  Launch(stream, GridOf(plan, memory, plan.kStateStride), ForwardKernel<kUnits, kCluster>, memory, packed, bias, out);
}

template <int kUnits, int kCluster>
void StartBackward(Stream* stream, Plan<kUnits, kCluster> plan, const LstmMemory& memory, const float* recurrent,
                   const float* out_gradient, PairOfTwo* packed) {
  constexpr int kPairs = kUnits * kUnits;
  Launch(stream, {.blocks = kPairs / 256}, PackBackward<kUnits>, recurrent, packed);
  Launch(stream, GridOf(plan, memory, plan.kGateStride), BackwardKernel<kUnits, kCluster>, memory, packed,
         out_gradient);
}

}  // namespace

bool PersistentLstm::Takes(int units, GateActivation gate) {
  return gate == GateActivation::kSigmoid && (units == 64 || units == 128 || units == 256);
}

void PersistentLstm::Forward(Stream* stream, const LstmMemory& memory, const float* recurrent, const float* bias,
                             float* out) {
  // Each pair of two stands for four weights.
  uint32_t* const words = packed_.Reserve(stream, 2 * static_cast<size_t>(memory.units) * memory.units);
  if (words == nullptr) return;
  WithPlan(memory.units, [&](auto plan) {
    StartForward(stream, plan, memory, recurrent, bias, out, reinterpret_cast<PairOfTwo*>(words));
  });
}

void PersistentLstm::Backward(Stream* stream, const LstmMemory& memory, const float* recurrent,
                              const float* out_gradient) {
  uint32_t* const words = packed_.Reserve(stream, 2 * static_cast<size_t>(memory.units) * memory.units);
  if (words == nullptr) return;
  WithPlan(memory.units, [&](auto plan) {
    StartBackward(stream, plan, memory, recurrent, out_gradient, reinterpret_cast<PairOfTwo*>(words));
  });
}

}  // namespace pumasi::cuda
