#include "ops/batch_normalization.h"

#include <algorithm>
#include <cmath>

#include "ops/vector_clones.h"

namespace pumasi {
namespace {

// sums += times·x
PUMASI_VECTOR_CLONES void AddVector(size_t width, double times, const float* __restrict x, double* __restrict sums) {
  for (size_t i = 0; i < width; ++i) sums[i] += times * x[i];
}

// sums += times·(x − mean)²
PUMASI_VECTOR_CLONES void AddSquares(size_t width, double times, const float* __restrict x,
                                     const double* __restrict mean, double* __restrict sums) {
  for (size_t i = 0; i < width; ++i) sums[i] += times * ((x[i] - mean[i]) * (x[i] - mean[i]));
}

PUMASI_VECTOR_CLONES void Normalize(size_t width, const float* __restrict x, const float* __restrict mean,
                                    const float* __restrict inverse_deviation, const float* __restrict gamma,
                                    const float* __restrict beta, float* __restrict y) {
  for (size_t i = 0; i < width; ++i) y[i] = gamma[i] * ((x[i] - mean[i]) * inverse_deviation[i]) + beta[i];
}

// by_beta += dy, by_gamma += dy·n with n the normalised x.
PUMASI_VECTOR_CLONES void AddGradients(size_t width, const float* __restrict x, const float* __restrict mean,
                                       const float* __restrict inverse_deviation, const float* __restrict y_gradient,
                                       double* __restrict by_gamma, double* __restrict by_beta) {
  for (size_t i = 0; i < width; ++i) {
    const float normal = (x[i] - mean[i]) * inverse_deviation[i];
    by_gamma[i] += static_cast<double>(y_gradient[i]) * normal;
    by_beta[i] += y_gradient[i];
  }
}

// dx = gamma / deviation · (dy − times·(mean(dy) + n·mean(dy·n)))
PUMASI_VECTOR_CLONES void InputGradient(size_t width, float times, const float* __restrict x,
                                        const float* __restrict mean, const float* __restrict inverse_deviation,
                                        const float* __restrict gamma, const float* __restrict y_gradient,
                                        const float* __restrict mean_gradient, const float* __restrict mean_product,
                                        float* __restrict x_gradient) {
  for (size_t i = 0; i < width; ++i) {
    const float normal = (x[i] - mean[i]) * inverse_deviation[i];
    x_gradient[i] =
        gamma[i] * inverse_deviation[i] * (y_gradient[i] - times * (mean_gradient[i] + normal * mean_product[i]));
  }
}

PUMASI_VECTOR_CLONES void ScaleAndShift(size_t count, size_t width, const float* __restrict x,
                                        const float* __restrict scale, const float* __restrict shift,
                                        float* __restrict y) {
  for (size_t row = 0; row < count; ++row, x += width, y += width) {
    for (size_t i = 0; i < width; ++i) y[i] = scale[i] * x[i] + shift[i];
  }
}

uint32_t TimesOf(const CountedVectors& x, size_t vector) { return x.times == nullptr ? 1 : x.times[vector]; }

}  // namespace

void BatchNormalization::Forward(const CountedVectors& x, const float* gamma, const float* beta, float* y) {
  double* const means = sums_.Reserve(2 * width_);
  double* const squares = means + width_;
  std::fill_n(means, 2 * width_, 0.0);
  total_ = 0;
  for (size_t v = 0; v < x.count; ++v) {
    total_ += TimesOf(x, v);
    if (TimesOf(x, v) > 0) AddVector(width_, TimesOf(x, v), x.vectors + v * width_, means);
  }
  const double share = total_ > 0 ? 1 / total_ : 0;
  for (size_t i = 0; i < width_; ++i) means[i] *= share;
  for (size_t v = 0; v < x.count; ++v) {
    if (TimesOf(x, v) > 0) AddSquares(width_, TimesOf(x, v), x.vectors + v * width_, means, squares);
  }
  float *const mean = mean_.Reserve(width_), *const variance = variance_.Reserve(width_);
  float* const inverse_deviation = inverse_deviation_.Reserve(width_);
  for (size_t i = 0; i < width_; ++i) {
    mean[i] = static_cast<float>(means[i]);
    variance[i] = static_cast<float>(squares[i] * share);
    inverse_deviation[i] = static_cast<float>(1 / std::sqrt(squares[i] * share + epsilon_));
  }
  for (size_t v = 0; v < x.count; ++v) {
    Normalize(width_, x.vectors + v * width_, mean, inverse_deviation, gamma, beta, y + v * width_);
  }
}

void BatchNormalization::Backward(const CountedVectors& x, const float* gamma, const float* y_gradient,
                                  float* gamma_gradient, float* beta_gradient, float* x_gradient) {
  const float *const mean = mean_.get(), *const inverse_deviation = inverse_deviation_.get();
  double* const by_gamma = sums_.Reserve(2 * width_);
  double* const by_beta = by_gamma + width_;
  std::fill_n(by_gamma, 2 * width_, 0.0);
  for (size_t v = 0; v < x.count; ++v) {
    if (TimesOf(x, v) == 0) continue;
    AddGradients(width_, x.vectors + v * width_, mean, inverse_deviation, y_gradient + v * width_, by_gamma, by_beta);
  }
  const double share = total_ > 0 ? 1 / total_ : 0;
  float* const mean_gradient = columns_.Reserve(2 * width_);
  float* const mean_product = mean_gradient + width_;
  for (size_t i = 0; i < width_; ++i) {
    gamma_gradient[i] = static_cast<float>(by_gamma[i]);
    beta_gradient[i] = static_cast<float>(by_beta[i]);
    mean_gradient[i] = static_cast<float>(by_beta[i] * share);
    mean_product[i] = static_cast<float>(by_gamma[i] * share);
  }
  for (size_t v = 0; v < x.count; ++v) {
    if (TimesOf(x, v) == 0) {
      std::fill_n(x_gradient + v * width_, width_, 0.0f);
      continue;
    }
    InputGradient(width_, static_cast<float>(TimesOf(x, v)), x.vectors + v * width_, mean, inverse_deviation, gamma,
                  y_gradient + v * width_, mean_gradient, mean_product, x_gradient + v * width_);
  }
}

void BatchNormalization::Infer(size_t count, const float* x, const float* gamma, const float* beta, const float* mean,
                               const float* variance, float* y) {
  float* const scale = columns_.Reserve(2 * width_);
  float* const shift = scale + width_;
  for (size_t i = 0; i < width_; ++i) {
    const double factor = gamma[i] / std::sqrt(static_cast<double>(variance[i]) + epsilon_);
    scale[i] = static_cast<float>(factor);
    shift[i] = static_cast<float>(beta[i] - mean[i] * factor);
  }
  ScaleAndShift(count, width_, x, scale, shift, y);
}

}  // namespace pumasi
