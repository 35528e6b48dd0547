#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/layer_normalization.h"
#include "ops/cuda/row_groups.h"

namespace pumasi::cuda {
namespace {

struct Moments {
  float mean;
  float inverse_deviation;
};

// Of a row, by one warp, to all its lanes; sums in double.
__device__ Moments MomentsOf(int width, float epsilon, const float* x) {
  double sum = 0, squares = 0;
  for (int i = threadIdx.x; i < width; i += kWarp) sum += x[i];
  const double mean = WarpSum(sum) / width;
  for (int i = threadIdx.x; i < width; i += kWarp) squares += (x[i] - mean) * (x[i] - mean);
  return {static_cast<float>(mean), static_cast<float>(1 / sqrt(WarpSum(squares) / width + epsilon))};
}

// A block of one warp a row.
__global__ void ForwardKernel(int width, float epsilon, const float* x, const float* gamma, const float* beta,
                              float* y) {
  const size_t first = static_cast<size_t>(blockIdx.x) * width;
  const Moments moments = MomentsOf(width, epsilon, x + first);
  for (int i = threadIdx.x; i < width; i += kWarp) {
    y[first + i] = gamma[i] * ((x[first + i] - moments.mean) * moments.inverse_deviation) + beta[i];
  }
}

// scaled[rows × width] = y_gradient·normal, whose sum over rows is gamma's gradient.
__global__ void BackwardKernel(int width, float epsilon, const float* x, const float* gamma, const float* y_gradient,
                               float* scaled, float* x_gradient) {
  const size_t first = static_cast<size_t>(blockIdx.x) * width;
  const Moments moments = MomentsOf(width, epsilon, x + first);
  const auto normal = [&](int i) { return (x[first + i] - moments.mean) * moments.inverse_deviation; };
  // With n = (x − mean)/deviation and g = gamma∘dy: dx = (g − mean(g) − n·mean(g∘n)) / deviation.
  double sum = 0, sum_normal = 0;
  for (int i = threadIdx.x; i < width; i += kWarp) {
    const float by_normal = gamma[i] * y_gradient[first + i];
    scaled[first + i] = y_gradient[first + i] * normal(i);
    sum += by_normal;
    sum_normal += static_cast<double>(by_normal) * normal(i);
  }
  const float mean = static_cast<float>(WarpSum(sum) / width);
  const float mean_normal = static_cast<float>(WarpSum(sum_normal) / width);
  for (int i = threadIdx.x; i < width; i += kWarp) {
    x_gradient[first + i] =
        (gamma[i] * y_gradient[first + i] - mean - normal(i) * mean_normal) * moments.inverse_deviation;
  }
}

}  // namespace

void LayerNormalizationForward(Stream* stream, size_t rows, int width, float epsilon, const float* x,
                               const float* gamma, const float* beta, float* y) {
  Launch(stream, {.blocks = rows, .threads = kWarp}, ForwardKernel, width, epsilon, x, gamma, beta, y);
}

void LayerNormalizationBackward(Stream* stream, size_t rows, int width, float epsilon, const float* x,
                                const float* gamma, const float* y_gradient, DeviceBuffer<float>* scaled,
                                DeviceBuffer<float>* partial, float* gamma_gradient, float* beta_gradient,
                                float* x_gradient) {
  float* const by_gamma = scaled->Reserve(stream, rows * width);
  Launch(stream, {.blocks = rows, .threads = kWarp}, BackwardKernel, width, epsilon, x, gamma, y_gradient, by_gamma,
         x_gradient);
  SumRows(stream, rows, width, by_gamma, partial, gamma_gradient);
  SumRows(stream, rows, width, y_gradient, partial, beta_gradient);
}

}  // namespace pumasi::cuda
