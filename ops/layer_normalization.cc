#include "ops/layer_normalization.h"

#include <algorithm>
#include <cmath>

#include "ops/vector_clones.h"

namespace pumasi {
namespace {

struct Moments {
  float mean;
  float inverse_deviation;
};

Moments MomentsOf(size_t width, float epsilon, const float* x) {
  double sum = 0, squares = 0;
  for (size_t i = 0; i < width; ++i) sum += x[i];
  const double mean = sum / static_cast<double>(width);
  for (size_t i = 0; i < width; ++i) squares += (x[i] - mean) * (x[i] - mean);
  return {static_cast<float>(mean), static_cast<float>(1 / std::sqrt(squares / static_cast<double>(width) + epsilon))};
}

PUMASI_VECTOR_CLONES void Normalize(size_t width, float mean, float inverse_deviation, const float* __restrict x,
                                    const float* __restrict gamma, const float* __restrict beta, float* __restrict y) {
  for (size_t i = 0; i < width; ++i) y[i] = gamma[i] * ((x[i] - mean) * inverse_deviation) + beta[i];
}

}  // namespace

void LayerNormalizationForward(size_t rows, size_t width, float epsilon, const float* x, const float* gamma,
                               const float* beta, float* y) {
  for (size_t row = 0; row < rows; ++row, x += width, y += width) {
    const Moments moments = MomentsOf(width, epsilon, x);
    Normalize(width, moments.mean, moments.inverse_deviation, x, gamma, beta, y);
  }
}

void LayerNormalizationBackward(size_t rows, size_t width, float epsilon, const float* x, const float* gamma,
                                const float* y_gradient, float* gamma_gradient, float* beta_gradient,
                                float* x_gradient) {
  std::fill_n(gamma_gradient, width, 0.0f);
  std::fill_n(beta_gradient, width, 0.0f);
  for (size_t row = 0; row < rows; ++row, x += width, y_gradient += width, x_gradient += width) {
    const Moments moments = MomentsOf(width, epsilon, x);
    // With n = (x − mean)/deviation and g = gamma∘dy: dx = (g − mean(g) − n·mean(g∘n)) / deviation.
    double sum = 0, sum_normal = 0;
    for (size_t i = 0; i < width; ++i) {
      const float normal = (x[i] - moments.mean) * moments.inverse_deviation;
      const float by_normal = gamma[i] * y_gradient[i];
      gamma_gradient[i] += y_gradient[i] * normal;
      beta_gradient[i] += y_gradient[i];
      sum += by_normal;
      sum_normal += static_cast<double>(by_normal) * normal;
    }
    const float mean = static_cast<float>(sum / static_cast<double>(width));
    const float mean_normal = static_cast<float>(sum_normal / static_cast<double>(width));
    for (size_t i = 0; i < width; ++i) {
      const float normal = (x[i] - moments.mean) * moments.inverse_deviation;
      x_gradient[i] = (gamma[i] * y_gradient[i] - mean - normal * mean_normal) * moments.inverse_deviation;
    }
  }
}

}  // namespace pumasi
