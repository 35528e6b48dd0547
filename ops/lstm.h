// An LSTM layer over rows of different lengths, forward and backward through time. The cell's formulas stand in
// ops/lstm_cell.h, a plain version in ops/lstm_reference.h.
#ifndef PUMASI_OPS_LSTM_H_
#define PUMASI_OPS_LSTM_H_

#include <vector>

#include "ops/buffer.h"
#include "ops/input_product.h"
#include "ops/lstm_gate_layout.h"
#include "ops/lstm_step.h"
#include "ops/product/packed_matrix.h"
#include "ops/recurrent.h"
#include "ops/sequences.h"

namespace pumasi {

// Gates i, f, c, o; bias[4·units]. What is done once rather than once a token: the input product, for each distinct
// vector; the sum of gate gradients before the two products of the input's gradients; the packing of the weights and
// their transposes, which may serve several parts. Rows are walked in StepOrder, so that the recurrent product shrinks
// as short rows end. A gate is one chain of sums (ops/gemm.h): bias, then the input's product, then the state's.
class Lstm : public Recurrent {
 public:
  Lstm(int width, int units, const RecurrentOptions& options = {})
      : units_(units),
        options_(options),
        product_(width, static_cast<int>(LstmGateWidth(units)), options.precision, GateMatrix::kPanels),
        width_(width) {}

  void Forward(const IndexedSequences& input, const RecurrentWeights& weights, float* out,
               const RecurrentMasks& masks = {}) override;
  // Needs less memory than Forward.
  void Infer(const IndexedSequences& input, const RecurrentWeights& weights, float* out) override;
  void Backward(const IndexedSequences& input, const RecurrentWeights& weights, const float* out_gradient,
                const RecurrentGradients& gradients, const RecurrentMasks& masks = {}) override;

  // Inference without the input's product, which depends on the vector alone: vectors[count × width] become
  // folded[count × folded_width()], bias and kernel in them, in the layer's own order of gates. InferFolded with the
  // folded vectors has the bits of Infer with the vectors.
  void Fold(const RecurrentWeights& weights, size_t count, const float* vectors, float* folded);
  size_t folded_width() const { return LstmGateWidth(units_); }
  // Packs the recurrent weights for the calls of InferFolded that follow, until the next call of another function.
  void HoldRecurrent(const RecurrentWeights& weights);
  // `folded` is a part whose vectors are folded: its width is folded_width(). Only vectors that tokens name are read,
  // so that they may be a whole table. REQUIRES: HoldRecurrent before.
  void InferFolded(const IndexedSequences& folded, float* out);

 private:
  // Step order, zero states for empty rows.
  void StartWalk(const IndexedSequences& input, float* out);
  // And before that: weights in the layer's layout, input products.
  void Start(const IndexedSequences& input, const RecurrentWeights& weights, const float* input_mask, float* out);
  // As HoldRecurrent.
  void HoldKernel(const RecurrentWeights& weights);
  // Their transposes, unless they are there.
  void HoldTransposedKernel();
  void HoldTransposedRecurrent();
  // The walk without anything kept for Backward; `folded` says whether the input's vectors are.
  void InferSteps(const IndexedSequences& input, bool folded, float* out);
  // The part of a step that is the same with and without a Backward to follow: places for it, its product's operands.
  LstmStepForward StepOf(const IndexedSequences& input, bool folded, int t, const float* state_before);
  // Step t's states from where the step has left them to the output, and the mask on those that go on.
  void Deliver(const IndexedSequences& input, const LstmStepForward& step, int t, const float* state_mask, float* out);
  // Turns what Forward kept into gate gradients.
  void WalkBack(const IndexedSequences& input, const float* out_gradient, const float* state_mask);
  // The distance of panels in gates_.
  ptrdiff_t gates_panel() const { return static_cast<ptrdiff_t>(order_.positions() * kLstmBlockGates); }

  const int units_;
  const RecurrentOptions options_;
  StepOrder order_;
  InputProduct product_;
  const int width_;

  // A step's weights: the kernel is [width × gates], the recurrent weights are [units × gates].
  PackedMatrix kernel_;
  PackedMatrix recurrent_;
  PackedMatrix transposed_kernel_;
  PackedMatrix transposed_recurrent_;
  bool has_transposed_kernel_ = false;     // transposed_kernel_ is kernel_'s
  bool has_transposed_recurrent_ = false;  // likewise
  Buffer<float> bias_;                     // [gates]; in Backward its gradient
  Buffer<float> gradient_;                 // [width or units × gates], of weights, where blocks of units are not whole

  Buffer<float> gates_;                       // [positions × gates] in panels; in Backward the gate gradients
  Buffer<float> cells_;                       // [positions × states], after the step
  Buffer<float> hidden_before_;               // [positions × states], h (masked) before the step; step 0's not written
  Buffer<float> ended_;                       // [rows × states] by rank: h of rows that end
  Buffer<float> zeros_;                       // [states]
  Buffer<float> hidden_gradient_;             // [rows × states] by rank
  Buffer<float> cell_gradient_;               // [rows × states] by rank
  Buffer<uint32_t> words_;                    // a step's left operand in bf16
  std::vector<const float*> projected_;       // [rows] by rank, of a step
  std::vector<const float*> step_masks_;      // likewise
  std::vector<const float*> step_gradients_;  // likewise
};

}  // namespace pumasi

#endif  // PUMASI_OPS_LSTM_H_
