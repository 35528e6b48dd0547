#include "ops/gru_cell.h"

#include "ops/math.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

template <typename Gate>
PUMASI_INLINE void ResetAfterForward(size_t units, float* __restrict gates, const float* __restrict projected,
                                     const float* __restrict bias, const float* __restrict hidden_before,
                                     float* __restrict product_h, float* __restrict hidden) {
#pragma GCC ivdep
  for (size_t u = 0; u < units; ++u) {
    const size_t uz = u, ur = units + u, uh = 2 * units + u;
    const float* __restrict const recurrent_bias = bias + 3 * units;
    const float z = Gate::Value((gates[uz] + recurrent_bias[uz]) + (projected[uz] + bias[uz]));
    const float r = Gate::Value((gates[ur] + recurrent_bias[ur]) + (projected[ur] + bias[ur]));
    const float product = gates[uh] + recurrent_bias[uh];
    const float candidate = Tanh((projected[uh] + bias[uh]) + r * product);
    gates[uz] = z;
    gates[ur] = r;
    gates[uh] = candidate;
    product_h[u] = product;
    hidden[u] = z * hidden_before[u] + (1.0f - z) * candidate;
  }
}

template <typename Gate>
PUMASI_INLINE void ResetAfterBackward(size_t units, float* __restrict gates, const float* __restrict product_h,
                                      const float* __restrict hidden_before, float* __restrict recurrent,
                                      float* __restrict hidden_gradient) {
#pragma GCC ivdep
  for (size_t u = 0; u < units; ++u) {
    const size_t uz = u, ur = units + u, uh = 2 * units + u;
    const float z = gates[uz], r = gates[ur], candidate = gates[uh];
    const float dh = hidden_gradient[u];
    const float by_z = dh * (hidden_before[u] - candidate) * Gate::Slope(z);
    const float by_h = dh * (1.0f - z) * (1.0f - candidate * candidate);
    const float by_r = by_h * product_h[u] * Gate::Slope(r);
    gates[uz] = by_z;
    gates[ur] = by_r;
    gates[uh] = by_h;
    recurrent[uz] = by_z;
    recurrent[ur] = by_r;
    recurrent[uh] = by_h * r;
    hidden_gradient[u] = dh * z;
  }
}

template <typename Gate>
PUMASI_INLINE void GatesForward(size_t units, float* __restrict gates, const float* __restrict projected,
                                const float* __restrict bias, const float* __restrict before, float* __restrict reset) {
#pragma GCC ivdep
  for (size_t u = 0; u < units; ++u) {
    const size_t uz = u, ur = units + u;
    const float r = Gate::Value((gates[ur] + projected[ur]) + bias[ur]);
    gates[uz] = Gate::Value((gates[uz] + projected[uz]) + bias[uz]);
    gates[ur] = r;
    reset[u] = r * before[u];
  }
}

template <typename Gate>
PUMASI_INLINE void StateBackward(size_t units, float* __restrict gates, const float* __restrict hidden_before,
                                 float* __restrict hidden_gradient) {
#pragma GCC ivdep
  for (size_t u = 0; u < units; ++u) {
    const size_t uz = u, uh = 2 * units + u;
    const float z = gates[uz], candidate = gates[uh];
    const float dh = hidden_gradient[u];
    gates[uz] = dh * (hidden_before[u] - candidate) * Gate::Slope(z);
    gates[uh] = dh * (1.0f - z) * (1.0f - candidate * candidate);
    hidden_gradient[u] = dh * z;
  }
}

template <typename Gate>
PUMASI_INLINE void GatesBackward(size_t units, float* __restrict gates, const float* __restrict before,
                                 float* __restrict reset_gradient) {
#pragma GCC ivdep
  for (size_t u = 0; u < units; ++u) {
    const float r = gates[units + u];
    const float by_reset = reset_gradient[u];
    gates[units + u] = by_reset * before[u] * Gate::Slope(r);
    reset_gradient[u] = by_reset * r;
  }
}

// A template has no clones for instruction sets: these functions have.
PUMASI_VECTOR_CLONES void ResetAfterForwardSigmoid(size_t units, float* gates, const float* projected,
                                                   const float* bias, const float* hidden_before, float* product_h,
                                                   float* hidden) {
  ResetAfterForward<SigmoidGate>(units, gates, projected, bias, hidden_before, product_h, hidden);
}

PUMASI_VECTOR_CLONES void ResetAfterForwardHard(size_t units, float* gates, const float* projected, const float* bias,
                                                const float* hidden_before, float* product_h, float* hidden) {
  ResetAfterForward<HardSigmoidGate>(units, gates, projected, bias, hidden_before, product_h, hidden);
}

PUMASI_VECTOR_CLONES void ResetAfterForwardHardKeras2(size_t units, float* gates, const float* projected,
                                                      const float* bias, const float* hidden_before, float* product_h,
                                                      float* hidden) {
  ResetAfterForward<HardSigmoidKeras2Gate>(units, gates, projected, bias, hidden_before, product_h, hidden);
}

PUMASI_VECTOR_CLONES void ResetAfterBackwardSigmoid(size_t units, float* gates, const float* product_h,
                                                    const float* hidden_before, float* recurrent,
                                                    float* hidden_gradient) {
  ResetAfterBackward<SigmoidGate>(units, gates, product_h, hidden_before, recurrent, hidden_gradient);
}

PUMASI_VECTOR_CLONES void ResetAfterBackwardHard(size_t units, float* gates, const float* product_h,
                                                 const float* hidden_before, float* recurrent, float* hidden_gradient) {
  ResetAfterBackward<HardSigmoidGate>(units, gates, product_h, hidden_before, recurrent, hidden_gradient);
}

PUMASI_VECTOR_CLONES void ResetAfterBackwardHardKeras2(size_t units, float* gates, const float* product_h,
                                                       const float* hidden_before, float* recurrent,
                                                       float* hidden_gradient) {
  ResetAfterBackward<HardSigmoidKeras2Gate>(units, gates, product_h, hidden_before, recurrent, hidden_gradient);
}

PUMASI_VECTOR_CLONES void GatesForwardSigmoid(size_t units, float* gates, const float* projected, const float* bias,
                                              const float* before, float* reset) {
  GatesForward<SigmoidGate>(units, gates, projected, bias, before, reset);
}

PUMASI_VECTOR_CLONES void GatesForwardHard(size_t units, float* gates, const float* projected, const float* bias,
                                           const float* before, float* reset) {
  GatesForward<HardSigmoidGate>(units, gates, projected, bias, before, reset);
}

PUMASI_VECTOR_CLONES void GatesForwardHardKeras2(size_t units, float* gates, const float* projected, const float* bias,
                                                 const float* before, float* reset) {
  GatesForward<HardSigmoidKeras2Gate>(units, gates, projected, bias, before, reset);
}

PUMASI_VECTOR_CLONES void StateBackwardSigmoid(size_t units, float* gates, const float* hidden_before,
                                               float* hidden_gradient) {
  StateBackward<SigmoidGate>(units, gates, hidden_before, hidden_gradient);
}

PUMASI_VECTOR_CLONES void StateBackwardHard(size_t units, float* gates, const float* hidden_before,
                                            float* hidden_gradient) {
  StateBackward<HardSigmoidGate>(units, gates, hidden_before, hidden_gradient);
}

PUMASI_VECTOR_CLONES void StateBackwardHardKeras2(size_t units, float* gates, const float* hidden_before,
                                                  float* hidden_gradient) {
  StateBackward<HardSigmoidKeras2Gate>(units, gates, hidden_before, hidden_gradient);
}

PUMASI_VECTOR_CLONES void GatesBackwardSigmoid(size_t units, float* gates, const float* before, float* reset_gradient) {
  GatesBackward<SigmoidGate>(units, gates, before, reset_gradient);
}

PUMASI_VECTOR_CLONES void GatesBackwardHard(size_t units, float* gates, const float* before, float* reset_gradient) {
  GatesBackward<HardSigmoidGate>(units, gates, before, reset_gradient);
}

PUMASI_VECTOR_CLONES void GatesBackwardHardKeras2(size_t units, float* gates, const float* before,
                                                  float* reset_gradient) {
  GatesBackward<HardSigmoidKeras2Gate>(units, gates, before, reset_gradient);
}

}  // namespace

PUMASI_VECTOR_CLONES void GruStateForward(size_t units, float* __restrict gates, const float* __restrict projected,
                                          const float* __restrict bias, const float* __restrict hidden_before,
                                          float* __restrict hidden) {
#pragma GCC ivdep
  for (size_t u = 0; u < units; ++u) {
    const size_t uz = u, uh = 2 * units + u;
    const float z = gates[uz];
    const float candidate = Tanh((gates[uh] + projected[uh]) + bias[uh]);
    gates[uh] = candidate;
    hidden[u] = z * hidden_before[u] + (1.0f - z) * candidate;
  }
}

void GruResetAfterForward(GateActivation gate, size_t units, float* gates, const float* projected, const float* bias,
                          const float* hidden_before, float* product_h, float* hidden) {
  switch (gate) {
    case GateActivation::kSigmoid:
      return ResetAfterForwardSigmoid(units, gates, projected, bias, hidden_before, product_h, hidden);
    case GateActivation::kHardSigmoid:
      return ResetAfterForwardHard(units, gates, projected, bias, hidden_before, product_h, hidden);
    case GateActivation::kHardSigmoidKeras2:
      return ResetAfterForwardHardKeras2(units, gates, projected, bias, hidden_before, product_h, hidden);
  }
}

void GruResetAfterBackward(GateActivation gate, size_t units, float* gates, const float* product_h,
                           const float* hidden_before, float* recurrent, float* hidden_gradient) {
  switch (gate) {
    case GateActivation::kSigmoid:
      return ResetAfterBackwardSigmoid(units, gates, product_h, hidden_before, recurrent, hidden_gradient);
    case GateActivation::kHardSigmoid:
      return ResetAfterBackwardHard(units, gates, product_h, hidden_before, recurrent, hidden_gradient);
    case GateActivation::kHardSigmoidKeras2:
      return ResetAfterBackwardHardKeras2(units, gates, product_h, hidden_before, recurrent, hidden_gradient);
  }
}

void GruGatesForward(GateActivation gate, size_t units, float* gates, const float* projected, const float* bias,
                     const float* before, float* reset) {
  switch (gate) {
    case GateActivation::kSigmoid:
      return GatesForwardSigmoid(units, gates, projected, bias, before, reset);
    case GateActivation::kHardSigmoid:
      return GatesForwardHard(units, gates, projected, bias, before, reset);
    case GateActivation::kHardSigmoidKeras2:
      return GatesForwardHardKeras2(units, gates, projected, bias, before, reset);
  }
}

void GruStateBackward(GateActivation gate, size_t units, float* gates, const float* hidden_before,
                      float* hidden_gradient) {
  switch (gate) {
    case GateActivation::kSigmoid:
      return StateBackwardSigmoid(units, gates, hidden_before, hidden_gradient);
    case GateActivation::kHardSigmoid:
      return StateBackwardHard(units, gates, hidden_before, hidden_gradient);
    case GateActivation::kHardSigmoidKeras2:
      return StateBackwardHardKeras2(units, gates, hidden_before, hidden_gradient);
  }
}

void GruGatesBackward(GateActivation gate, size_t units, float* gates, const float* before, float* reset_gradient) {
  switch (gate) {
    case GateActivation::kSigmoid:
      return GatesBackwardSigmoid(units, gates, before, reset_gradient);
    case GateActivation::kHardSigmoid:
      return GatesBackwardHard(units, gates, before, reset_gradient);
    case GateActivation::kHardSigmoidKeras2:
      return GatesBackwardHardKeras2(units, gates, before, reset_gradient);
  }
}

}  // namespace pumasi
