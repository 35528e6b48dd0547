// Layers over one row's sequence as their formulas read, in any floating-point type: what ops/conv1d.h, ops/pooling.h,
// ops/attention.h and ops/layer_normalization.h are held against. Gradients are those of finite differences.
#ifndef PUMASI_OPS_SEQUENCE_REFERENCE_H_
#define PUMASI_OPS_SEQUENCE_REFERENCE_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "ops/dense_reference.h"
#include "ops/recurrent_reference.h"

namespace pumasi::reference {

// kernel[kernel_size·width × filters].
template <typename T>
Vectors<T> Conv1d(size_t kernel_size, bool same, Activation activation, const std::vector<T>& kernel,
                  const std::vector<T>& bias, const Vectors<T>& x) {
  const size_t filters = bias.size(), before = same ? (kernel_size - 1) / 2 : 0;
  const size_t lost = same ? 0 : kernel_size - 1;
  Vectors<T> out;
  for (size_t t = 0; t + lost < x.size(); ++t) {
    std::vector<T> z = bias;
    for (size_t k = 0; k < kernel_size; ++k) {
      if (t + k < before || t + k - before >= x.size()) continue;
      const std::vector<T>& token = x[t + k - before];
      for (size_t i = 0; i < token.size(); ++i) {
        for (size_t f = 0; f < filters; ++f) z[f] += token[i] * kernel[(k * token.size() + i) * filters + f];
      }
    }
    for (T& value : z) value = Activate(activation, value);
    out.push_back(z);
  }
  return out;
}

template <typename T>
std::vector<T> GlobalMax(size_t width, const Vectors<T>& x) {
  std::vector<T> out = x.empty() ? std::vector<T>(width) : x[0];
  for (const std::vector<T>& token : x) {
    for (size_t i = 0; i < width; ++i) out[i] = std::max(out[i], token[i]);
  }
  return out;
}

template <typename T>
std::vector<T> GlobalAverage(size_t width, const Vectors<T>& x) {
  std::vector<T> out(width);
  for (const std::vector<T>& token : x) {
    for (size_t i = 0; i < width; ++i) out[i] += token[i] / static_cast<T>(x.size());
  }
  return out;
}

// kernel[width × units], bias[units], vector[units].
template <typename T>
std::vector<T> Attention(size_t width, const std::vector<T>& kernel, const std::vector<T>& bias,
                         const std::vector<T>& vector, const Vectors<T>& x) {
  std::vector<T> out(width), shares;
  T sum = 0;
  for (const std::vector<T>& token : x) {
    T score = 0;
    for (size_t u = 0; u < bias.size(); ++u) {
      T z = bias[u];
      for (size_t i = 0; i < width; ++i) z += token[i] * kernel[i * bias.size() + u];
      score += vector[u] * std::tanh(z);
    }
    shares.push_back(std::exp(score));
    sum += shares.back();
  }
  for (size_t t = 0; t < x.size(); ++t) {
    for (size_t i = 0; i < width; ++i) out[i] += shares[t] / sum * x[t][i];
  }
  return out;
}

template <typename T>
std::vector<T> LayerNormalization(T epsilon, const std::vector<T>& gamma, const std::vector<T>& beta,
                                  const std::vector<T>& x) {
  T mean = 0, variance = 0;
  for (const T value : x) mean += value / static_cast<T>(x.size());
  for (const T value : x) variance += (value - mean) * (value - mean) / static_cast<T>(x.size());
  std::vector<T> y;
  for (size_t i = 0; i < x.size(); ++i) y.push_back(gamma[i] * (x[i] - mean) / std::sqrt(variance + epsilon) + beta[i]);
  return y;
}

}  // namespace pumasi::reference

#endif  // PUMASI_OPS_SEQUENCE_REFERENCE_H_
