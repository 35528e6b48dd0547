#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/input_product.h"

namespace pumasi::cuda {
namespace {

struct MaskedInputs {
  int width;
  const uint32_t *vector_of_position, *row_of_position;
  const float *vectors, *mask;
  float* out;

  __device__ void operator()(size_t position, int column) const {
    out[position * width + column] = vectors[static_cast<size_t>(vector_of_position[position]) * width + column] *
                                     mask[static_cast<size_t>(row_of_position[position]) * width + column];
  }
};

struct MaskGradients {
  int width;
  const uint32_t* row_of_position;
  const float* mask;
  float* gradients;

  __device__ void operator()(size_t position, int column) const {
    gradients[position * width + column] *= mask[static_cast<size_t>(row_of_position[position]) * width + column];
  }
};

}  // namespace

void InputProduct::Forward(Stream* stream, const SequenceIndex& index, const StepWalk& walk, const float* vectors,
                           const float* kernel, const float* mask) {
  masked_ = mask != nullptr;
  const size_t positions = walk.order().positions();
  const int count = masked_ ? static_cast<int>(positions) : index.distinct();
  if (masked_) {
    float* const inputs = inputs_.Reserve(stream, positions * width_);
    const MaskedInputs masked = {width_, walk.device().vector_of_position, walk.device().row_of_position, vectors, mask,
                                 inputs};
    ForEachInRows(stream, positions, width_, masked);
    vectors = inputs;
  }
  float* const product = product_.Reserve(stream, static_cast<size_t>(count) * gate_width_);
  Product(stream, precision_, Transposed::kNo, Transposed::kNo, count, gate_width_, width_, vectors, width_, kernel,
          gate_width_, 0, product, gate_width_);
}

void InputProduct::Backward(Stream* stream, const SequenceIndex& index, const StepWalk& walk, const float* vectors,
                            const float* kernel, const float* mask, const float* gradients, float* kernel_gradient,
                            float* bias_gradient, float* vectors_gradient) {
  const StepOrder& order = walk.order();
  if (!masked_ || vectors_gradient != nullptr) {
    groups_.Build(stream, index.distinct(), order.positions(), order.token_of_position().data(),
                  index.host_tokens().data());
  }
  const float* summed = gradients;
  int count = static_cast<int>(order.positions());
  if (masked_) {
    vectors = inputs_.get();
  } else {
    groups_.Sum(stream, gate_width_, gradients, product_.get());
    summed = product_.get();
    count = index.distinct();
  }
  SumRows(stream, count, gate_width_, summed, &partial_, bias_gradient);
  Product(stream, precision_, Transposed::kYes, Transposed::kNo, width_, gate_width_, count, vectors, width_, summed,
          gate_width_, 0, kernel_gradient, gate_width_);
  if (vectors_gradient == nullptr) return;
  float* const by_input = masked_ ? inputs_.get() : vectors_gradient;
  Product(stream, precision_, Transposed::kNo, Transposed::kYes, count, width_, gate_width_, summed, gate_width_,
          kernel, gate_width_, 0, by_input, width_);
  if (!masked_) return;
  ForEachInRows(stream, count, width_, MaskGradients{width_, walk.device().row_of_position, mask, by_input});
  groups_.Sum(stream, width_, by_input, vectors_gradient);
}

}  // namespace pumasi::cuda
