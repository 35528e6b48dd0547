#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/batch_normalization.h"

namespace pumasi::cuda {
namespace {

constexpr size_t kPiece = 64;

// What is summed over the vectors, two numbers a column.
struct Pair {
  double first = 0, second = 0;
};

struct OfValues {
  int width;
  const float* x;
  __device__ Pair operator()(size_t v, int i, double times) const { return {times * x[v * width + i], 0}; }
};

struct OfSquares {
  int width;
  const float* x;
  const double* mean;
  __device__ Pair operator()(size_t v, int i, double times) const {
    const double distance = x[v * width + i] - mean[i];
    return {times * (distance * distance), 0};
  }
};

struct OfGradients {
  int width;
  const float *x, *mean, *inverse_deviation, *y_gradient;
  __device__ Pair operator()(size_t v, int i, double times) const {
    const float normal = (x[v * width + i] - mean[i]) * inverse_deviation[i];
    const double by_y = y_gradient[v * width + i];
    return {by_y * normal, by_y};
  }
};

// Vectors that count for nothing are left out, whatever is in them.
template <typename Term>
struct SumPiece {
  size_t count;
  int width;
  const uint32_t* times;
  Term term;
  double* partial;

  __device__ void operator()(size_t piece, int i) const {
    Pair sum;
    for (size_t v = piece * kPiece; v < count && v < (piece + 1) * kPiece; ++v) {
      const double n = times == nullptr ? 1 : times[v];
      if (n == 0) continue;
      const Pair one = term(v, i, n);
      sum.first += one.first;
      sum.second += one.second;
    }
    partial[piece * 2 * width + i] = sum.first;
    partial[(piece * 2 + 1) * width + i] = sum.second;
  }
};

struct SumPieces {
  size_t pieces;
  int width;
  double share;
  const double* partial;
  double* sums;

  __device__ void operator()(size_t i) const {
    double sum = 0;
    for (size_t piece = 0; piece < pieces; ++piece) sum += partial[piece * 2 * width + i];
    sums[i] = sum * share;
  }
};

template <typename Term>
void Sum(Stream* stream, const CountedVectors& x, int width, double share, const Term& term,
         DeviceBuffer<double>* partial, double* sums) {
  const size_t pieces = (x.count + kPiece - 1) / kPiece;
  double* const by_piece = partial->Reserve(stream, pieces * 2 * width);
  ForEachInRows(stream, pieces, width, SumPiece<Term>{x.count, width, x.times, term, by_piece});
  ForEach(stream, 2 * static_cast<size_t>(width), SumPieces{pieces, width, share, by_piece, sums});
}

struct KeepMean {
  const double* sums;
  float* mean;
  __device__ void operator()(size_t i) const { mean[i] = static_cast<float>(sums[i]); }
};

struct KeepVariance {
  float epsilon;
  const double* sums;
  float *variance, *inverse_deviation;
  __device__ void operator()(size_t i) const {
    variance[i] = static_cast<float>(sums[i]);
    inverse_deviation[i] = static_cast<float>(1 / sqrt(sums[i] + epsilon));
  }
};

struct Normalize {
  int width;
  const float *x, *mean, *inverse_deviation, *gamma, *beta;
  float* y;
  __device__ void operator()(size_t v, int i) const {
    y[v * width + i] = gamma[i] * ((x[v * width + i] - mean[i]) * inverse_deviation[i]) + beta[i];
  }
};

struct KeepGradients {
  int width;
  const double* sums;
  float *gamma_gradient, *beta_gradient;
  __device__ void operator()(size_t i) const {
    gamma_gradient[i] = static_cast<float>(sums[i]);
    beta_gradient[i] = static_cast<float>(sums[width + i]);
  }
};

// dx = gamma / deviation · (dy − times·(mean(dy) + n·mean(dy·n)))
struct InputGradient {
  int width;
  double share;
  const uint32_t* times;
  const float *x, *mean, *inverse_deviation, *gamma, *y_gradient;
  const double* sums;
  float* x_gradient;

  __device__ void operator()(size_t v, int i) const {
    const float n = times == nullptr ? 1.0f : static_cast<float>(times[v]);
    const float normal = (x[v * width + i] - mean[i]) * inverse_deviation[i];
    const float mean_product = static_cast<float>(sums[i] * share);
    const float mean_gradient = static_cast<float>(sums[width + i] * share);
    const float by_normal = y_gradient[v * width + i] - n * (mean_gradient + normal * mean_product);
    x_gradient[v * width + i] = n == 0 ? 0.0f : gamma[i] * inverse_deviation[i] * by_normal;
  }
};

struct ScaleAndShift {
  int width;
  float epsilon;
  const float *x, *gamma, *beta, *mean, *variance;
  float* y;

  __device__ void operator()(size_t v, int i) const {
    const double factor = gamma[i] / sqrt(static_cast<double>(variance[i]) + epsilon);
    const float scale = static_cast<float>(factor), shift = static_cast<float>(beta[i] - mean[i] * factor);
    y[v * width + i] = scale * x[v * width + i] + shift;
  }
};

double ShareOf(const CountedVectors& x) {
  const double total = x.times == nullptr ? static_cast<double>(x.count) : x.total;
  return total > 0 ? 1 / total : 0;
}

}  // namespace

void BatchNormalization::Forward(Stream* stream, const CountedVectors& x, const float* gamma, const float* beta,
                                 float* y) {
  float* const mean = moments_.Reserve(stream, 3 * static_cast<size_t>(width_));
  float *const variance = mean + width_, *const inverse_deviation = variance + width_;
  double* const sums = sums_.Reserve(stream, 4 * static_cast<size_t>(width_));
  double* const squares = sums + 2 * width_;
  Sum(stream, x, width_, ShareOf(x), OfValues{width_, x.vectors}, &partial_, sums);
  Sum(stream, x, width_, ShareOf(x), OfSquares{width_, x.vectors, sums}, &partial_, squares);
  ForEach(stream, width_, KeepMean{sums, mean});
  ForEach(stream, width_, KeepVariance{epsilon_, squares, variance, inverse_deviation});
  ForEachInRows(stream, x.count, width_, Normalize{width_, x.vectors, mean, inverse_deviation, gamma, beta, y});
}

void BatchNormalization::Backward(Stream* stream, const CountedVectors& x, const float* gamma, const float* y_gradient,
                                  float* gamma_gradient, float* beta_gradient, float* x_gradient) {
  const float *const mean = moments_.get(), *const inverse_deviation = mean + 2 * width_;
  double* const sums = sums_.get();
  Sum(stream, x, width_, 1, OfGradients{width_, x.vectors, mean, inverse_deviation, y_gradient}, &partial_, sums);
  ForEach(stream, width_, KeepGradients{width_, sums, gamma_gradient, beta_gradient});
  ForEachInRows(stream, x.count, width_,
                InputGradient{width_, ShareOf(x), x.times, x.vectors, mean, inverse_deviation, gamma, y_gradient, sums,
                              x_gradient});
}

void BatchNormalization::Infer(Stream* stream, size_t count, const float* x, const float* gamma, const float* beta,
                               const float* mean, const float* variance, float* y) {
  ForEachInRows(stream, count, width_, ScaleAndShift{width_, epsilon_, x, gamma, beta, mean, variance, y});
}

}  // namespace pumasi::cuda
