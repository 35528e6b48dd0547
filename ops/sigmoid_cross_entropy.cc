#include "ops/sigmoid_cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "ops/math.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

// Partial sums that are kept apart: the order of additions is fixed here, whatever the width of the machine's vectors.
constexpr size_t kLanes = 16;
// A product of so many numbers up to 2 stays finite, so that one logarithm does for all of them.
constexpr size_t kBlock = 512;

struct Lanes {
  double linear[kLanes];
  double product[kLanes];
};

// Of a class without a label. max(z, 0) − z·t is |z|·(1 − t) or |z|·t.
PUMASI_INLINE void OneClass(float target, float scale, float* value, double* linear, double* product) {
  const float z = *value, magnitude = std::fabs(z), e = Exp(-magnitude);
  *linear += static_cast<double>(magnitude) * (z > 0 ? 1.0f - target : target);
  *product *= 1.0 + e;
  *value = scale * ((z < 0 ? e : 1.0f) / (1.0f + e) - target);
}

PUMASI_VECTOR_CLONES void Classes(size_t count, float target, float scale, float* values, Lanes* lanes) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
#pragma GCC ivdep
    for (size_t lane = 0; lane < kLanes; ++lane) {
      OneClass(target, scale, values + i + lane, lanes->linear + lane, lanes->product + lane);
    }
  }
  for (size_t lane = 0; i < count; ++i, ++lane) {
    OneClass(target, scale, values + i, lanes->linear + lane, lanes->product + lane);
  }
}

// The loss, times the number of classes, of a row without labels; `values` become their gradient.
double RowWithoutLabels(size_t classes, float target, float scale, float* values) {
  double loss = 0;
  for (size_t first = 0; first < classes; first += kBlock) {
    Lanes lanes = {};
    std::fill_n(lanes.product, kLanes, 1.0);
    Classes(std::min(kBlock, classes - first), target, scale, values + first, &lanes);
    double product = 1;
    for (size_t lane = 0; lane < kLanes; ++lane) {
      loss += lanes.linear[lane];
      product *= lanes.product[lane];
    }
    loss += std::log(product);
  }
  return loss;
}

}  // namespace

LossSum SigmoidCrossEntropy(int rows, int classes, const LabelSets& sets, float smoothing, float scale, float* values) {
  LossSum total;
  const float class_scale = scale / static_cast<float>(classes), label_share = 1.0f - smoothing;
  for (int row = 0; row < rows; ++row) {
    float* const z = values + static_cast<size_t>(row) * classes;
    double of_labels = 0;
    for (uint32_t i = sets.offsets[row]; i < sets.offsets[row + 1]; ++i) of_labels += z[sets.labels[i]];
    const double loss = RowWithoutLabels(classes, smoothing / 2, class_scale, z) - label_share * of_labels;
    for (uint32_t i = sets.offsets[row]; i < sets.offsets[row + 1]; ++i) {
      z[sets.labels[i]] -= class_scale * label_share;
    }
    total.Add(row, loss / classes);
  }
  return total;
}

}  // namespace pumasi
