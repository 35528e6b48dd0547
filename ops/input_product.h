// The product of a recurrent layer's inputs with its kernel, and its gradients.
#ifndef PUMASI_OPS_INPUT_PRODUCT_H_
#define PUMASI_OPS_INPUT_PRODUCT_H_

#include <cstddef>

#include "ops/buffer.h"
#include "ops/row_groups.h"
#include "ops/sequences.h"

namespace pumasi {

// Without a mask the product is made once for each distinct vector, and the gradients of its occurrences are summed
// before the two products of Backward. A mask makes the occurrences differ: then once for each position. Not
// thread-safe.
class InputProduct {
 public:
  InputProduct(int width, int gate_width) : width_(width), gate_width_(gate_width) {}

  // kernel[width × gate_width]; mask[rows × width] or null.
  void Forward(const IndexedSequences& input, const StepOrder& order, const float* kernel, const float* mask);

  // product[gate_width] of a position, after Forward with the same arguments.
  const float* At(const IndexedSequences& input, const StepOrder& order, size_t position) const {
    const size_t row = masked_ ? position : input.tokens[order.token_of_position()[position]];
    return product_.get() + row * gate_width_;
  }

  // From gradients[positions × gate_width] by the products, after Forward with the same arguments: kernel_gradient,
  // bias_gradient[gate_width], the sum over positions, and vectors_gradient[distinct × width] (may be null). Uses up
  // the products.
  void Backward(const IndexedSequences& input, const StepOrder& order, const float* kernel, const float* mask,
                const float* gradients, float* kernel_gradient, float* bias_gradient, float* vectors_gradient);

 private:
  const int width_;
  const int gate_width_;
  bool masked_ = false;
  RowGroups groups_;
  Buffer<float> product_;  // [distinct or positions × gate_width]; in Backward the summed gradients
  Buffer<float> inputs_;   // [positions × width]: with a mask, what was multiplied; in Backward the gradient by it
};

}  // namespace pumasi

#endif  // PUMASI_OPS_INPUT_PRODUCT_H_
