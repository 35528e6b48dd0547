// Batch normalisation as its formula reads, in any floating-point type: what ops/batch_normalization.h is held against.
#ifndef PUMASI_OPS_BATCH_NORMALIZATION_REFERENCE_H_
#define PUMASI_OPS_BATCH_NORMALIZATION_REFERENCE_H_

#include <cmath>
#include <cstddef>
#include <vector>

namespace pumasi::reference {

template <typename T>
struct BatchMoments {
  std::vector<T> mean, variance;
};

// Over vectors of one width; zeros if there are none.
template <typename T>
BatchMoments<T> MomentsOf(size_t width, const std::vector<std::vector<T>>& x) {
  BatchMoments<T> moments = {std::vector<T>(width), std::vector<T>(width)};
  for (size_t i = 0; i < width; ++i) {
    for (const auto& vector : x) moments.mean[i] += vector[i] / static_cast<T>(x.size());
    for (const auto& vector : x) {
      moments.variance[i] += (vector[i] - moments.mean[i]) * (vector[i] - moments.mean[i]) / static_cast<T>(x.size());
    }
  }
  return moments;
}

template <typename T>
std::vector<T> BatchNormalization(T epsilon, const std::vector<T>& gamma, const std::vector<T>& beta,
                                  const BatchMoments<T>& moments, const std::vector<T>& x) {
  std::vector<T> y;
  for (size_t i = 0; i < x.size(); ++i) {
    y.push_back(gamma[i] * (x[i] - moments.mean[i]) / std::sqrt(moments.variance[i] + epsilon) + beta[i]);
  }
  return y;
}

}  // namespace pumasi::reference

#endif  // PUMASI_OPS_BATCH_NORMALIZATION_REFERENCE_H_
