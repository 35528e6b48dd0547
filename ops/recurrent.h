// What recurrent layers have in common.
#ifndef PUMASI_OPS_RECURRENT_H_
#define PUMASI_OPS_RECURRENT_H_

#include "ops/gate_activation.h"
#include "ops/precision.h"
#include "ops/sequences.h"

namespace pumasi {

struct RecurrentOptions {
  // The output has a state for each token, [tokens × units], and not only each row's last one, [rows × units].
  bool return_sequences = false;
  // From each row's last token to its first.
  bool go_backwards = false;
  // With both: the state after a token stands at that token. Otherwise states stand in the order of the walk, as Keras
  // has it outside of Bidirectional.
  bool keep_places = false;
  GateActivation gate = GateActivation::kSigmoid;
  // Of the layer's products; weights, gates and states are float32 in any case.
  Precision precision = Precision::kFloat32;
};

// Keras' layout; the gates' order and the bias' shape are the layer's (ops/lstm.h, ops/gru.h):
// kernel[width × gates·units], recurrent[units × gates·units].
struct RecurrentWeights {
  const float* kernel = nullptr;
  const float* recurrent = nullptr;
  const float* bias = nullptr;
  // They hold the numbers of the layer's last Forward, between which and this one nothing but Backward was called: what
  // a layer has made of them, it may use again.
  bool unchanged = false;
};

// Where Backward writes the loss' gradients; the shapes of the weights, and vectors[distinct × width] (may be null: not
// wanted).
struct RecurrentGradients {
  float* kernel = nullptr;
  float* recurrent = nullptr;
  float* bias = nullptr;
  float* vectors = nullptr;
};

// Dropout: factors that a row's inputs and states are multiplied by before each product, the same in all of its steps.
// nullptr: none.
struct RecurrentMasks {
  const float* input = nullptr;  // [rows × width]
  const float* state = nullptr;  // [rows × units]
};

// A layer with its working memory, used again for each part. Not thread-safe. Results depend on the arguments and the
// kernel set (ops/gemm.h) alone. REQUIRES: input.width is the layer's.
class Recurrent {
 public:
  virtual ~Recurrent() = default;

  // Writes the output, zeros for a row without tokens where it is one vector a row. Keeps what Backward needs.
  virtual void Forward(const IndexedSequences& input, const RecurrentWeights& weights, float* out,
                       const RecurrentMasks& masks = {}) = 0;

  // Likewise without masks and without promising Backward.
  virtual void Infer(const IndexedSequences& input, const RecurrentWeights& weights, float* out) = 0;

  // From the gradient by the output, after Forward with the same input, weights and masks. Uses up what Forward kept.
  virtual void Backward(const IndexedSequences& input, const RecurrentWeights& weights, const float* out_gradient,
                        const RecurrentGradients& gradients, const RecurrentMasks& masks = {}) = 0;
};

// The place in the output, as an index of vectors, of the state after position `order.start(t) + rank`.
inline size_t OutputPlace(const RecurrentOptions& options, const IndexedSequences& input, const StepOrder& order, int t,
                          int rank) {
  if (!options.return_sequences) return order.row(rank);
  if (options.keep_places) return order.token_of_position()[order.start(t) + rank];
  return input.offsets[order.row(rank)] + static_cast<size_t>(t);
}

}  // namespace pumasi

#endif  // PUMASI_OPS_RECURRENT_H_
