// A GRU layer over rows of different lengths, forward and backward through time. The cell's formulas stand in
// ops/gru_cell.h, a plain version in ops/recurrent_reference.h.
#ifndef PUMASI_OPS_GRU_H_
#define PUMASI_OPS_GRU_H_

#include "ops/buffer.h"
#include "ops/input_product.h"
#include "ops/product/packed_matrix.h"
#include "ops/recurrent.h"
#include "ops/sequences.h"

namespace pumasi {

// Gates z, r, h; bias[2 × 3·units] with `reset_after`, the input's then the recurrent product's, otherwise
// bias[3·units]. A state mask stands before the products with R only: z∘h₋ sees the whole state.
class Gru : public Recurrent {
 public:
  Gru(int width, int units, bool reset_after, const RecurrentOptions& options = {})
      : units_(units), reset_after_(reset_after), options_(options), product_(width, 3 * units, options.precision) {}

  void Forward(const IndexedSequences& input, const RecurrentWeights& weights, float* out,
               const RecurrentMasks& masks = {}) override;
  // As Forward.
  void Infer(const IndexedSequences& input, const RecurrentWeights& weights, float* out) override;
  void Backward(const IndexedSequences& input, const RecurrentWeights& weights, const float* out_gradient,
                const RecurrentGradients& gradients, const RecurrentMasks& masks = {}) override;

 private:
  // How many gates' products are made together, before the reset gate is known.
  int joint_columns() const { return reset_after_ ? 3 * units_ : 2 * units_; }
  void PackRecurrent(const float* recurrent, bool transposed);
  void Start(const IndexedSequences& input, const RecurrentWeights& weights, const RecurrentMasks& masks, float* out);
  // The products of step t, and with the reset gate before them the gates, too.
  void StepProducts(const IndexedSequences& input, const RecurrentWeights& weights, int t);
  // From the gradients by step t's gates and states to those by the state before.
  void StepBack(int t);
  void WalkBack(const IndexedSequences& input, const RecurrentWeights& weights, const float* out_gradient,
                const float* state_mask);

  // h before the step at `position`, whole and as the products see it.
  const float* Before(int t, size_t position) const {
    return t == 0 ? zeros_.get() : hidden_before_.get() + position * units_;
  }
  const float* Seen(int t, size_t position) const { return t == 0 ? zeros_.get() : seen_ + position * units_; }

  const int units_;
  const bool reset_after_;
  const RecurrentOptions options_;
  StepOrder order_;
  InputProduct product_;

  Buffer<float> gates_;          // [positions × 3·units]; in Backward the gradients by x·W
  Buffer<float> extra_;          // [positions × units], h₋·Rₕ + bₕ (reset after) or r∘h₋ (before)
  Buffer<float> recurrent_;      // [positions × 3·units], reset after: gradients by h₋·R
  Buffer<float> hidden_before_;  // [positions × units]; step 0's are not written
  Buffer<float> masked_before_;  // likewise, times the state mask; only with one
  float* seen_ = nullptr;        // masked_before_ with a mask, otherwise hidden_before_
  Buffer<float> zeros_;          // [units]
  // R of the three gates (reset after), or of z and r, and of h. Packed once for all steps, in Backward transposed.
  PackedMatrix packed_gates_;
  PackedMatrix packed_candidate_;
  Buffer<float> hidden_gradient_;  // [rows × units] by rank, past the products
  Buffer<float> seen_gradient_;    // [rows × units] by rank, through the products
  Buffer<float> reset_gradient_;   // [rows × units] by rank, reset before
};

}  // namespace pumasi

#endif  // PUMASI_OPS_GRU_H_
