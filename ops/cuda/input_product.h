// The product of a recurrent layer's inputs with its kernel, and its gradients, on a device: the twin of
// ops/input_product.h.
#ifndef PUMASI_OPS_CUDA_INPUT_PRODUCT_H_
#define PUMASI_OPS_CUDA_INPUT_PRODUCT_H_

#include "ops/cuda/buffer.h"
#include "ops/cuda/product.h"
#include "ops/cuda/row_groups.h"
#include "ops/cuda/sequence_index.h"
#include "ops/cuda/step_walk.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// Once for each distinct vector, with a mask once for each position. Not thread-safe.
class InputProduct {
 public:
  InputProduct(int width, int gate_width, Precision precision)
      : width_(width), gate_width_(gate_width), precision_(precision) {}

  // vectors[distinct × width], kernel[width × gate_width], mask[rows × width] or null.
  void Forward(Stream* stream, const SequenceIndex& index, const StepWalk& walk, const float* vectors,
               const float* kernel, const float* mask);

  // Position p's product is row row_of_position[p] of product(); null: row p.
  const float* product() const { return product_.get(); }
  const uint32_t* row_of_position(const StepWalk& walk) const {
    return masked_ ? nullptr : walk.device().vector_of_position;
  }

  // From gradients[positions × gate_width] by the products, after Forward with the same arguments: kernel_gradient,
  // bias_gradient[gate_width] and vectors_gradient[distinct × width] (may be null). Uses up the products.
  void Backward(Stream* stream, const SequenceIndex& index, const StepWalk& walk, const float* vectors,
                const float* kernel, const float* mask, const float* gradients, float* kernel_gradient,
                float* bias_gradient, float* vectors_gradient);

 private:
  const int width_;
  const int gate_width_;
  const Precision precision_;
  bool masked_ = false;
  RowGroups groups_;
  DeviceBuffer<float> product_;  // [distinct or positions × gate_width]; in Backward the summed gradients
  DeviceBuffer<float> inputs_;  // [positions × width]: with a mask, what was multiplied; in Backward the gradient by it
  DeviceBuffer<float> partial_;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_INPUT_PRODUCT_H_
