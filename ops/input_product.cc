#include "ops/input_product.h"

#include <algorithm>

#include "ops/elementwise.h"
#include "ops/product/blocked_product.h"

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

void InputProduct::Forward(const IndexedSequences& input, const StepOrder& order, const PackedMatrix& kernel,
                           const float* mask, const float* bias) {
  masked_ = mask != nullptr;
  count_ = masked_ ? static_cast<int>(order.positions()) : input.distinct;
  const float* vectors = input.vectors;
  if (masked_) {
    const size_t width = width_;
    float* const inputs = inputs_.Reserve(count_ * width);
    const std::vector<uint32_t>& token = order.token_of_position();
    ForEachPosition(order, [&](size_t position, size_t row) {
      Multiply(width, input.vectors + input.tokens[token[position]] * width, mask + row * width,
               inputs + position * width);
    });
    vectors = inputs;
  }
  float* const product = product_.Reserve(static_cast<size_t>(count_) * gate_width_);
  if (count_ == 0) return;
  BlockedProduct{.precision = precision_,
                 .m = count_,
                 .n = gate_width_,
                 .k = width_,
                 .a = vectors,
                 .a_row = width_,
                 .packed = &kernel,
                 .start = bias,
                 .c = product,
                 .c_row = gate_width_,
                 .c_panel = panel_step()}
      .Run();
}

void InputProduct::Forward(const IndexedSequences& input, const StepOrder& order, const float* kernel,
                           const float* mask) {
  packed_.Pack(precision_, false, width_, gate_width_, kernel, gate_width_);
  Forward(input, order, packed_, mask, nullptr);
}

void InputProduct::SumOccurrences(size_t positions, const float* gradients) {
  if (layout_ == GateMatrix::kRows) return groups_.Sum(gate_width_, gradients, product_.get());
  for (int panel = 0; panel < gate_width_ / kTileColumns; ++panel) {
    groups_.Sum(kTileColumns, gradients + panel * PanelStep(positions), product_.get() + panel * panel_step());
  }
}

void InputProduct::SumPositions(const float* gradients, float* sum) const {
  if (layout_ == GateMatrix::kRows) return SumRows(count_, gate_width_, gradients, sum);
  for (int panel = 0; panel < gate_width_ / kTileColumns; ++panel) {
    SumRows(count_, kTileColumns, gradients + panel * panel_step(), sum + panel * kTileColumns);
  }
}

void InputProduct::Backward(const IndexedSequences& input, const StepOrder& order, const PackedMatrix& transposed,
                            const float* mask, const float* gradients, float* kernel_gradient, float* bias_gradient,
                            float* vectors_gradient, ptrdiff_t kernel_gradient_run) {
  const size_t width = width_;
  const float* summed = gradients;
  const float* vectors = inputs_.get();
  if (!masked_ || vectors_gradient != nullptr) {
    groups_.Build(input.distinct, order.positions(), order.token_of_position().data(), input.tokens);
  }
  if (!masked_) {
    SumOccurrences(order.positions(), gradients);
    summed = product_.get();
    vectors = input.vectors;
  }
  SumPositions(summed, bias_gradient);
  if (count_ == 0) {
    std::fill_n(kernel_gradient, width * gate_width_, 0.0f);
  } else {
    BlockedProduct{.precision = precision_,
                   .m = width_,
                   .n = gate_width_,
                   .k = count_,
                   .a_transposed = true,
                   .a = vectors,
                   .a_row = width_,
                   .b = summed,
                   .b_row = gate_width_,
                   .b_panel = panel_step(),
                   .c = kernel_gradient,
                   .c_row = gate_width_,
                   .c_run = kernel_gradient_run}
        .Run();
  }
  if (vectors_gradient == nullptr) return;
  float* const by_input = masked_ ? inputs_.get() : vectors_gradient;
  if (count_ > 0) {
    BlockedProduct{.precision = precision_,
                   .m = count_,
                   .n = width_,
                   .k = gate_width_,
                   .a = summed,
                   .a_row = gate_width_,
                   .a_panel = panel_step(),
                   .packed = &transposed,
                   .c = by_input,
                   .c_row = width_}
        .Run();
  }
  if (!masked_) return;
  ForEachPosition(
      order, [&](size_t position, size_t row) { MultiplyBy(width, mask + row * width, by_input + position * width); });
  groups_.Sum(width, by_input, vectors_gradient);
}

void InputProduct::Backward(const IndexedSequences& input, const StepOrder& order, const float* kernel,
                            const float* mask, const float* gradients, float* kernel_gradient, float* bias_gradient,
                            float* vectors_gradient) {
  if (vectors_gradient != nullptr) packed_.Pack(precision_, true, gate_width_, width_, kernel, gate_width_);
  Backward(input, order, packed_, mask, gradients, kernel_gradient, bias_gradient, vectors_gradient);
}

}  // namespace pumasi
