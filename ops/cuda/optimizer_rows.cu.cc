#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/optimizer_rows.h"
#include "ops/cuda/row_formulas.cu.h"

namespace pumasi::cuda {
namespace {

constexpr int kMostSlots = 3;

struct Update {
  RowRule rule;
  int width, slots;
  TouchedRows touched;
  const float* gradients;
  float* states;

  __device__ void operator()(size_t i, int column) const {
    const size_t row = touched.row == nullptr ? i : touched.row[i];
    const RowValue at = {states + row * (1 + slots) * width + column, width};
    if (touched.catch_up != nullptr) {
      ApplyCatchUp(touched.catch_ups[touched.catch_up[i]], touched.terms, slots, at);
    }
    ApplyRule(rule, gradients[i * width + column], at);
  }
};

struct Peek {
  int width, slots;
  TouchedRows touched;
  const float* states;
  float* out;

  __device__ void operator()(size_t i, int column) const {
    const size_t row = touched.row == nullptr ? i : touched.row[i];
    float copy[1 + kMostSlots];
    for (int slot = 0; slot <= slots; ++slot) copy[slot] = states[(row * (1 + slots) + slot) * width + column];
    if (touched.catch_up != nullptr) {
      ApplyCatchUp(touched.catch_ups[touched.catch_up[i]], touched.terms, slots, {copy, 1});
    }
    out[i * width + column] = copy[0];
  }
};

}  // namespace

void UpdateRows(Stream* stream, const RowRule& rule, int width, const TouchedRows& touched, const float* gradients,
                float* states) {
  ForEachInRows(stream, touched.count, width, Update{rule, width, SlotsOf(rule.kind), touched, gradients, states});
}

void PeekRows(Stream* stream, const RowRule& rule, int width, const TouchedRows& touched, const float* states,
              float* out) {
  ForEachInRows(stream, touched.count, width, Peek{width, SlotsOf(rule.kind), touched, states, out});
}

}  // namespace pumasi::cuda
