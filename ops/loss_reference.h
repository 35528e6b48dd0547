// Losses as their formulas read, in any floating-point type: what ops/sigmoid_cross_entropy.h and ops/squared_error.h
// are held against. Gradients are those of finite differences.
#ifndef PUMASI_OPS_LOSS_REFERENCE_H_
#define PUMASI_OPS_LOSS_REFERENCE_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace pumasi::reference {

// The sum of the rows' losses, straight from the definition: −t log p − (1 − t) log(1 − p), the mean over the classes.
// labels[row]: those of the row.
template <typename T>
T BinaryCrossEntropy(const std::vector<T>& logits, size_t classes, const std::vector<std::vector<int32_t>>& labels,
                     T smoothing) {
  T loss = 0;
  for (size_t row = 0; row < labels.size(); ++row) {
    std::vector<T> targets(classes, smoothing / 2);
    for (const int32_t label : labels[row]) targets[label] = 1 - smoothing / 2;
    for (size_t c = 0; c < classes; ++c) {
      const T z = logits[row * classes + c];
      // log p = −log(1 + exp(−z)), log(1 − p) = −log(1 + exp(z)).
      loss += (targets[c] * std::log1p(std::exp(-z)) + (1 - targets[c]) * std::log1p(std::exp(z))) / classes;
    }
  }
  return loss;
}

template <typename T>
T SquaredError(const std::vector<T>& y, size_t outputs, const std::vector<T>& targets) {
  T loss = 0;
  for (size_t i = 0; i < y.size(); ++i) loss += (y[i] - targets[i]) * (y[i] - targets[i]) / outputs;
  return loss;
}

}  // namespace pumasi::reference

#endif  // PUMASI_OPS_LOSS_REFERENCE_H_
