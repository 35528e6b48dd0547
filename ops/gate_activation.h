// The activation of a recurrent layer's gates.
#ifndef PUMASI_OPS_GATE_ACTIVATION_H_
#define PUMASI_OPS_GATE_ACTIVATION_H_

#include "ops/math.h"
#include "ops/vector_clones.h"

namespace pumasi {

enum class GateActivation {
  kSigmoid,
  kHardSigmoid,        // clip(x / 6 + 0.5, 0, 1): Keras 3
  kHardSigmoidKeras2,  // clip(0.2·x + 0.5, 0, 1): Keras 1 and 2
};

// Each as a type for loops that shall vectorise: Value(x), and Slope(y), the derivative where the value is y. NaN stays
// NaN. A clipped gate has slope 0.
struct SigmoidGate {
  static PUMASI_INLINE float Value(float x) { return Sigmoid(x); }
  static PUMASI_INLINE float Slope(float y) { return y * (1.0f - y); }
};

struct HardSigmoidGate {
  static PUMASI_INLINE float Value(float x) {
    const float shifted = x + 3.0f;
    const float low = shifted < 0.0f ? 0.0f : shifted;
    return (low > 6.0f ? 6.0f : low) / 6.0f;
  }
  static PUMASI_INLINE float Slope(float y) { return y > 0.0f && y < 1.0f ? 1.0f / 6.0f : 0.0f; }
};

struct HardSigmoidKeras2Gate {
  static PUMASI_INLINE float Value(float x) {
    const float line = 0.2f * x + 0.5f;
    const float low = line < 0.0f ? 0.0f : line;
    return low > 1.0f ? 1.0f : low;
  }
  static PUMASI_INLINE float Slope(float y) { return y > 0.0f && y < 1.0f ? 0.2f : 0.0f; }
};

}  // namespace pumasi

#endif  // PUMASI_OPS_GATE_ACTIVATION_H_
