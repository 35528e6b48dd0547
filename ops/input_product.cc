#include "ops/input_product.h"

#include "ops/elementwise.h"
#include "ops/gemm.h"

namespace pumasi {
namespace {

// Calls f(position, row) for all positions.
template <typename F>
void ForEachPosition(const StepOrder& order, F f) {
  for (int t = 0; t < order.steps(); ++t) {
    for (int rank = 0; rank < order.active(t); ++rank) f(order.start(t) + rank, order.row(rank));
  }
}

}  // namespace

void InputProduct::Forward(const IndexedSequences& input, const StepOrder& order, const float* kernel,
                           const float* mask) {
  masked_ = mask != nullptr;
  const int count = masked_ ? static_cast<int>(order.positions()) : input.distinct;
  const float* vectors = input.vectors;
  if (masked_) {
    const size_t width = width_;
    float* const inputs = inputs_.Reserve(count * width);
    const std::vector<uint32_t>& token = order.token_of_position();
    ForEachPosition(order, [&](size_t position, size_t row) {
      Multiply(width, input.vectors + input.tokens[token[position]] * width, mask + row * width,
               inputs + position * width);
    });
    vectors = inputs;
  }
  Gemm(Transpose::kNo, Transpose::kNo, count, gate_width_, width_, vectors, width_, kernel, gate_width_, 0,
       product_.Reserve(static_cast<size_t>(count) * gate_width_), gate_width_);
}

void InputProduct::Backward(const IndexedSequences& input, const StepOrder& order, const float* kernel,
                            const float* mask, const float* gradients, float* kernel_gradient, float* bias_gradient,
                            float* vectors_gradient) {
  const float* summed = gradients;
  const float* vectors = inputs_.get();
  int count = static_cast<int>(order.positions());
  if (!masked_ || vectors_gradient != nullptr) {
    groups_.Build(input.distinct, order.positions(), order.token_of_position().data(), input.tokens);
  }
  if (!masked_) {
    groups_.Sum(gate_width_, gradients, product_.get());
    summed = product_.get();
    vectors = input.vectors;
    count = input.distinct;
  }
  SumRows(count, gate_width_, summed, bias_gradient);
  Gemm(Transpose::kYes, Transpose::kNo, width_, gate_width_, count, vectors, width_, summed, gate_width_, 0,
       kernel_gradient, gate_width_);
  if (vectors_gradient == nullptr) return;
  float* const by_input = masked_ ? inputs_.get() : vectors_gradient;
  Gemm(Transpose::kNo, Transpose::kYes, count, width_, gate_width_, summed, gate_width_, kernel, gate_width_, 0,
       by_input, width_);
  if (!masked_) return;
  const size_t width = width_;
  ForEachPosition(
      order, [&](size_t position, size_t row) { MultiplyBy(width, mask + row * width, by_input + position * width); });
  groups_.Sum(width, by_input, vectors_gradient);
}

}  // namespace pumasi
