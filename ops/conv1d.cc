#include "ops/conv1d.h"

#include <algorithm>

#include "ops/dense.h"
#include "ops/elementwise.h"

namespace pumasi {

template <typename F>
void Conv1d::ForEachTap(const IndexedSequences& input, F f) const {
  const int before = options_.same ? (options_.kernel_size - 1) / 2 : 0;
  for (int row = 0; row < input.rows; ++row) {
    const int64_t length = input.offsets[row + 1] - input.offsets[row];
    const int64_t outputs = offsets_[row + 1] - offsets_[row];
    for (int64_t t = 0; t < outputs; ++t) {
      for (int k = 0; k < options_.kernel_size; ++k) {
        const int64_t from = t + k - before;
        if (from >= 0 && from < length) f(offsets_[row] + static_cast<size_t>(t), k, input.offsets[row] + from);
      }
    }
  }
}

const uint32_t* Conv1d::Offsets(const IndexedSequences& input) {
  const uint32_t lost = options_.same ? 0 : static_cast<uint32_t>(options_.kernel_size - 1);
  offsets_.assign(1, 0);
  for (int row = 0; row < input.rows; ++row) {
    const uint32_t length = input.offsets[row + 1] - input.offsets[row];
    offsets_.push_back(offsets_.back() + (length > lost ? length - lost : 0));
  }
  return offsets_.data();
}

void Conv1d::Forward(const IndexedSequences& input, const float* kernel, const float* bias, float* out) {
  const size_t width = options_.width, window = width * options_.kernel_size;
  float* const windows = windows_.Reserve(count() * window);
  std::fill_n(windows, count() * window, 0.0f);
  ForEachTap(input, [&](size_t output, size_t k, size_t token) {
    std::copy_n(input.vectors + input.tokens[token] * width, width, windows + output * window + k * width);
  });
  DenseForward({count(), static_cast<int>(window), options_.filters, options_.precision}, options_.activation, windows,
               kernel, bias, out);
}

void Conv1d::Backward(const IndexedSequences& input, const float* kernel, const float* out, float* gradient,
                      float* kernel_gradient, float* bias_gradient, float* vectors_gradient) {
  const size_t width = options_.width, window = width * options_.kernel_size;
  const DenseShape shape = {count(), static_cast<int>(window), options_.filters, options_.precision};
  // The windows' gradient can only be written once the kernel's is made from the windows.
  DenseBackward(shape, options_.activation, windows_.get(), kernel, out, gradient, kernel_gradient, bias_gradient,
                nullptr);
  DenseInputGradient(shape, gradient, kernel, windows_.get());
  std::fill_n(vectors_gradient, input.distinct * width, 0.0f);
  ForEachTap(input, [&](size_t output, size_t k, size_t token) {
    AddTo(width, windows_.get() + output * window + k * width, vectors_gradient + input.tokens[token] * width);
  });
}

}  // namespace pumasi
