// The product of a recurrent layer's inputs with its kernel, and its gradients.
#ifndef PUMASI_OPS_INPUT_PRODUCT_H_
#define PUMASI_OPS_INPUT_PRODUCT_H_

#include <cstddef>

#include "ops/buffer.h"
#include "ops/precision.h"
#include "ops/product/packed_matrix.h"
#include "ops/row_groups.h"
#include "ops/sequences.h"

namespace pumasi {

// How a matrix of gates lies in memory.
enum class GateMatrix {
  kRows,
  kPanels,  // of kTileColumns gates, of which there are whole panels (ops/product/blocked_product.h)
};

// Without a mask the product is made once for each distinct vector, and the gradients of its occurrences are summed
// before the two products of Backward. A mask makes the occurrences differ: then once for each position. Not
// thread-safe.
class InputProduct {
 public:
  InputProduct(int width, int gate_width, Precision precision = Precision::kFloat32,
               GateMatrix layout = GateMatrix::kRows)
      : width_(width), gate_width_(gate_width), precision_(precision), layout_(layout) {}

  // kernel[width × gate_width], of the precision; mask[rows × width] or null; the product's sums begin at
  // bias[gate_width], or at 0 where it is null.
  void Forward(const IndexedSequences& input, const StepOrder& order, const PackedMatrix& kernel, const float* mask,
               const float* bias);
  // With the kernel as it is, and from 0.
  void Forward(const IndexedSequences& input, const StepOrder& order, const float* kernel, const float* mask);

  // product[gate_width] of a position, after Forward with the same arguments; in panels, each panel_step() behind the
  // last one.
  const float* At(const IndexedSequences& input, const StepOrder& order, size_t position) const {
    const size_t row = masked_ ? position : input.tokens[order.token_of_position()[position]];
    return product_.get() + row * (layout_ == GateMatrix::kPanels ? kTileColumns : gate_width_);
  }
  ptrdiff_t panel_step() const { return PanelStep(count_); }

  // From gradients[positions × gate_width] by the products, after Forward with the same arguments: kernel_gradient, in
  // rows of gate_width or, with kernel_gradient_run above 0, in Keras' order (BlockedProduct::c_run);
  // bias_gradient[gate_width], the sum over positions, and vectors_gradient[distinct × width] (may be null).
  // `transposed`[gate_width × width] is the kernel's transpose. Uses up the products.
  void Backward(const IndexedSequences& input, const StepOrder& order, const PackedMatrix& transposed,
                const float* mask, const float* gradients, float* kernel_gradient, float* bias_gradient,
                float* vectors_gradient, ptrdiff_t kernel_gradient_run = 0);
  // With the kernel as it is.
  void Backward(const IndexedSequences& input, const StepOrder& order, const float* kernel, const float* mask,
                const float* gradients, float* kernel_gradient, float* bias_gradient, float* vectors_gradient);

 private:
  // 0 for a matrix in rows.
  ptrdiff_t PanelStep(size_t rows) const {
    return layout_ == GateMatrix::kPanels ? static_cast<ptrdiff_t>(rows * kTileColumns) : 0;
  }
  void SumOccurrences(size_t positions, const float* gradients);
  void SumPositions(const float* gradients, float* sum) const;

  const int width_;
  const int gate_width_;
  const Precision precision_;
  const GateMatrix layout_;
  bool masked_ = false;
  int count_ = 0;  // rows of the product: distinct vectors or positions
  RowGroups groups_;
  PackedMatrix packed_;    // the kernel or its transpose, where it is not given packed
  Buffer<float> product_;  // [count × gate_width]; in Backward the summed gradients
  Buffer<float> inputs_;   // [positions × width]: with a mask, what was multiplied; in Backward the gradient by it
};

}  // namespace pumasi

#endif  // PUMASI_OPS_INPUT_PRODUCT_H_
