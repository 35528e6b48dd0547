#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/softmax_cross_entropy.h"
#include "ops/math.h"

namespace pumasi::cuda {
namespace {

struct Greatest {
  float value;
  int place;
};

// The warp's greatest value that is a number, of equal ones the first; where column 0 is none, that: as the CPU's loop
// from column 0 finds it. All lanes get it.
__device__ Greatest GreatestOfRow(int classes, const float* z) {
  const int lane = threadIdx.x % kWarp;
  Greatest best = {z[0], 0};
  for (int c = lane; c < classes; c += kWarp) {
    if (z[c] > best.value) best = {z[c], c};
  }
  for (int distance = kWarp / 2; distance > 0; distance /= 2) {
    const float value = __shfl_xor_sync(0xffffffffu, best.value, distance);
    const int place = __shfl_xor_sync(0xffffffffu, best.place, distance);
    if (value > best.value || (value == best.value && place < best.place)) best = {value, place};
  }
  return best;
}

// z = exp(z - maximum); returns the sum, to all lanes.
__device__ double Exponentiate(int classes, float maximum, float* z) {
  double sum = 0;
  for (int c = threadIdx.x % kWarp; c < classes; c += kWarp) {
    z[c] = Exp(z[c] - maximum);
    sum += z[c];
  }
  return WarpSum(sum);
}

// A warp a row, a block a warp.
__global__ void SoftmaxKernel(int classes, float* values) {
  float* const z = values + static_cast<size_t>(blockIdx.x) * classes;
  const Greatest greatest = GreatestOfRow(classes, z);
  const float factor = static_cast<float>(1 / Exponentiate(classes, greatest.value, z));
  for (int c = threadIdx.x; c < classes; c += kWarp) z[c] = factor * z[c];
}

__global__ void CrossEntropyKernel(int classes, const int32_t* labels, float scale, float smoothing,
                                   const float* class_weights, float* values, double* losses, int32_t* predicted) {
  const size_t row = blockIdx.x;
  float* const z = values + row * classes;
  const int label = labels[row], lane = threadIdx.x;
  const float share = smoothing / static_cast<float>(classes);
  const Greatest greatest = GreatestOfRow(classes, z);
  const double distance = static_cast<double>(z[label]) - greatest.value;
  double distances = 0;
  if (smoothing > 0) {
    for (int c = lane; c < classes; c += kWarp) distances += static_cast<double>(z[c]) - greatest.value;
    distances = WarpSum(distances);
  }
  // The label's logit has been read by all lanes before one of them writes it.
  __syncwarp();
  const float weight = class_weights == nullptr ? 1.0f : class_weights[label];
  const double sum = Exponentiate(classes, greatest.value, z);
  if (lane == 0) {
    losses[row] = weight * (log(sum) - (1 - smoothing) * distance - share * distances);
    predicted[row] = greatest.place;
  }
  const float row_scale = scale * weight, factor = static_cast<float>(row_scale / sum);
  for (int c = lane; c < classes; c += kWarp) {
    float gradient = factor * z[c];
    if (smoothing > 0) gradient -= row_scale * share;
    if (c == label) gradient -= row_scale * (1 - smoothing);
    z[c] = gradient;
  }
}

}  // namespace

void Softmax(Stream* stream, int rows, int classes, float* values) {
  Launch(stream, {.blocks = static_cast<size_t>(rows), .threads = kWarp}, SoftmaxKernel, classes, values);
}

void SoftmaxCrossEntropy(Stream* stream, int rows, int classes, const int32_t* labels, float scale, float* values,
                         double* losses, int32_t* predicted, const CrossEntropyOptions& options) {
  Launch(stream, {.blocks = static_cast<size_t>(rows), .threads = kWarp}, CrossEntropyKernel, classes, labels, scale,
         options.label_smoothing, options.class_weights, values, losses, predicted);
}

}  // namespace pumasi::cuda
