// Softmax and cross entropy as their formulas read, in any floating-point type: what ops/softmax_cross_entropy.h is
// held against.
#ifndef PUMASI_OPS_SOFTMAX_CROSS_ENTROPY_REFERENCE_H_
#define PUMASI_OPS_SOFTMAX_CROSS_ENTROPY_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pumasi::reference {

template <typename T>
std::vector<T> Softmax(const std::vector<T>& logits, size_t classes) {
  std::vector<T> out(logits.size());
  for (size_t begin = 0; begin < logits.size(); begin += classes) {
    const T greatest = *std::max_element(logits.begin() + begin, logits.begin() + begin + classes);
    T sum = 0;
    for (size_t c = 0; c < classes; ++c) sum += std::exp(logits[begin + c] - greatest);
    for (size_t c = 0; c < classes; ++c) out[begin + c] = std::exp(logits[begin + c] - greatest) / sum;
  }
  return out;
}

// The sum of the rows' losses.
template <typename T>
T CrossEntropy(const std::vector<T>& logits, size_t classes, const std::vector<int32_t>& labels) {
  T loss = 0;
  for (size_t row = 0; row < labels.size(); ++row) {
    const auto begin = logits.begin() + row * classes;
    const T greatest = *std::max_element(begin, begin + classes);
    T sum = 0;
    for (size_t c = 0; c < classes; ++c) sum += std::exp(begin[c] - greatest);
    loss += std::log(sum) + greatest - begin[labels[row]];
  }
  return loss;
}

// Its gradient by the logits.
template <typename T>
std::vector<T> CrossEntropyGradient(const std::vector<T>& logits, size_t classes, const std::vector<int32_t>& labels) {
  std::vector<T> gradient = Softmax(logits, classes);
  for (size_t row = 0; row < labels.size(); ++row) gradient[row * classes + labels[row]] -= 1;
  return gradient;
}

// The same with smoothed labels and weighted classes, straight from the definition: -w sum_c target_c log p_c.
template <typename T>
T SmoothedCrossEntropy(const std::vector<T>& logits, size_t classes, const std::vector<int32_t>& labels, T smoothing,
                       const std::vector<T>& weights) {
  const std::vector<T> p = Softmax(logits, classes);
  T loss = 0;
  for (size_t row = 0; row < labels.size(); ++row) {
    for (size_t c = 0; c < classes; ++c) {
      const T target = (c == static_cast<size_t>(labels[row]) ? 1 - smoothing : 0) + smoothing / classes;
      loss -= weights[labels[row]] * target * std::log(p[row * classes + c]);
    }
  }
  return loss;
}

}  // namespace pumasi::reference

#endif  // PUMASI_OPS_SOFTMAX_CROSS_ENTROPY_REFERENCE_H_
