// What recurrent layers on a device have in common; options, weights, gradients and masks are those of ops/recurrent.h
// with device memory.
#ifndef PUMASI_OPS_CUDA_RECURRENT_H_
#define PUMASI_OPS_CUDA_RECURRENT_H_

#include <atomic>
#include <cstdint>

#include "ops/cuda/sequence_index.h"
#include "ops/cuda/stream.h"
#include "ops/recurrent.h"

namespace pumasi::cuda {

// The twin of pumasi::Recurrent, a layer with its working memory. Not thread-safe.
class Recurrent {
 public:
  virtual ~Recurrent() = default;

  // From vectors[distinct × width] to the output (RecurrentOptions), zeros for a row without tokens where it is one
  // vector a row. Keeps what Backward needs.
  virtual void Forward(Stream* stream, const SequenceIndex& index, const float* vectors,
                       const RecurrentWeights& weights, float* out, const RecurrentMasks& masks = {}) = 0;

  // From the gradient by the output, after Forward with the same arguments. Uses up what Forward kept.
  virtual void Backward(Stream* stream, const SequenceIndex& index, const float* vectors,
                        const RecurrentWeights& weights, const float* out_gradient, const RecurrentGradients& gradients,
                        const RecurrentMasks& masks = {}) = 0;
};

// Calls f with the gate's type as a value.
template <typename F>
void WithGate(GateActivation gate, F f) {
  switch (gate) {
    case GateActivation::kSigmoid:
      return f(SigmoidGate());
    case GateActivation::kHardSigmoid:
      return f(HardSigmoidGate());
    case GateActivation::kHardSigmoidKeras2:
      return f(HardSigmoidKeras2Gate());
  }
}

// Names a layer in the keys of its graphs: never used again, as the layer's address may be. Thread-safe.
inline uint64_t NextLayerId() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

// Names what a graph depends on.
inline uint64_t KeyOf(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_RECURRENT_H_
