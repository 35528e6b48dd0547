#include "ops/softmax_cross_entropy.h"

#include <cmath>
#include <cstddef>

#include "ops/elementwise.h"
#include "ops/math.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

int GreatestOf(int classes, const float* values) {
  int greatest = 0;
  for (int c = 1; c < classes; ++c) {
    if (values[c] > values[greatest]) greatest = c;
  }
  return greatest;
}

PUMASI_VECTOR_CLONES void ExpOfDifference(size_t count, float subtrahend, float* values) {
#pragma GCC ivdep
  for (size_t i = 0; i < count; ++i) values[i] = Exp(values[i] - subtrahend);
}

// values = exp(values - maximum); returns their sum. In double, and in order: the loss of a row with a million classes
// keeps its digits, and the sum does not depend on the width of vectors.
double Exponentiate(int classes, float maximum, float* values) {
  ExpOfDifference(classes, maximum, values);
  double sum = 0;
  for (int c = 0; c < classes; ++c) sum += values[c];
  return sum;
}

}  // namespace

void Softmax(int rows, int classes, float* values) {
  for (int row = 0; row < rows; ++row) {
    float* const z = values + static_cast<size_t>(row) * classes;
    const double sum = Exponentiate(classes, z[GreatestOf(classes, z)], z);
    Scale(classes, static_cast<float>(1 / sum), z, z);
  }
}

ClassificationLoss SoftmaxCrossEntropy(int rows, int classes, const int32_t* labels, float scale, float* values,
                                       int32_t* predicted, const CrossEntropyOptions& options) {
  ClassificationLoss total;
  const float smoothing = options.label_smoothing, share = smoothing / static_cast<float>(classes);
  for (int row = 0; row < rows; ++row) {
    float* const z = values + static_cast<size_t>(row) * classes;
    const int32_t label = labels[row];
    const int greatest = GreatestOf(classes, z);
    const double distance = static_cast<double>(z[label]) - z[greatest];
    double distances = 0;
    for (int c = 0; smoothing > 0 && c < classes; ++c) distances += static_cast<double>(z[c]) - z[greatest];
    const float weight = options.class_weights == nullptr ? 1 : options.class_weights[label];
    const double sum = Exponentiate(classes, z[greatest], z);
    const double loss = weight * (std::log(sum) - (1 - smoothing) * distance - share * distances);
    if (!std::isfinite(loss) && total.first_not_finite < 0) total.first_not_finite = row;
    total.loss += loss;
    total.correct += greatest == label;
    predicted[row] = greatest;
    const float row_scale = scale * weight;
    Scale(classes, static_cast<float>(row_scale / sum), z, z);
    for (int c = 0; smoothing > 0 && c < classes; ++c) z[c] -= row_scale * share;
    z[label] -= row_scale * (1 - smoothing);
  }
  return total;
}

}  // namespace pumasi
