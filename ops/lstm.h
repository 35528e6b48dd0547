// An LSTM layer over rows of different lengths, forward and backward through time. The cell's formulas stand in
// ops/lstm_cell.h, a plain version in ops/lstm_reference.h.
#ifndef PUMASI_OPS_LSTM_H_
#define PUMASI_OPS_LSTM_H_

#include "ops/buffer.h"
#include "ops/input_product.h"
#include "ops/recurrent.h"
#include "ops/sequences.h"

namespace pumasi {

// Gates i, f, c, o; bias[4·units]. What is done once rather than once a token: the input product, for each distinct
// vector; the sum of gate gradients before the two products of the input's gradients; the transpose of the recurrent
// weights. Rows are walked in StepOrder, so that the recurrent product shrinks as short rows end.
class Lstm : public Recurrent {
 public:
  Lstm(int width, int units, const RecurrentOptions& options = {})
      : units_(units), options_(options), product_(width, 4 * units) {}

  void Forward(const IndexedSequences& input, const RecurrentWeights& weights, float* out,
               const RecurrentMasks& masks = {}) override;
  // Needs less memory than Forward.
  void Infer(const IndexedSequences& input, const RecurrentWeights& weights, float* out) override;
  void Backward(const IndexedSequences& input, const RecurrentWeights& weights, const float* out_gradient,
                const RecurrentGradients& gradients, const RecurrentMasks& masks = {}) override;

 private:
  // Step order, input products, zero states for empty rows.
  void Start(const IndexedSequences& input, const RecurrentWeights& weights, const float* input_mask, float* out);
  // Turns what Forward kept into gate gradients.
  void WalkBack(const IndexedSequences& input, const RecurrentWeights& weights, const float* out_gradient,
                const float* state_mask);

  const int units_;
  const RecurrentOptions options_;
  StepOrder order_;
  InputProduct product_;

  Buffer<float> gates_;            // [positions × 4·units]; in Backward the gate gradients
  Buffer<float> cells_;            // [positions × units], after the step
  Buffer<float> hidden_before_;    // [positions × units], h (masked) before the step; step 0's are not written
  Buffer<float> zeros_;            // [units]
  Buffer<float> transposed_;       // [4·units × units], the recurrent weights
  Buffer<float> hidden_gradient_;  // [rows × units] by rank
  Buffer<float> cell_gradient_;    // [rows × units] by rank
};

}  // namespace pumasi

#endif  // PUMASI_OPS_LSTM_H_
