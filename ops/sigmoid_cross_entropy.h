// Sigmoid and the binary cross entropy of its result, as one operator over any set of labels a row: with z the logit of
// a class and t its target, loss = max(z, 0) − z·t + log(1 + exp(−|z|)), its gradient sigmoid(z) − t; a row's loss is
// the mean over the classes. With smoothing s the target of a label is 1 − s / 2 and that of every other class s / 2.
// As Keras' BinaryCrossentropy. A plain version stands in ops/loss_reference.h.
#ifndef PUMASI_OPS_SIGMOID_CROSS_ENTROPY_H_
#define PUMASI_OPS_SIGMOID_CROSS_ENTROPY_H_

#include <cstddef>
#include <cstdint>

#include "ops/loss_sum.h"

namespace pumasi {

// The labels of rows, one row's after another's, ascending in a row; owns nothing.
struct LabelSets {
  // offsets[rows + 1], ascending from 0.
  const uint32_t* offsets = nullptr;
  // labels[offsets[rows]], each in [0, classes).
  const int32_t* labels = nullptr;
};

// values[rows × classes]: in, logits; out, the gradient of scale·(sum of losses). An infinite logit has no loss (NaN).
// REQUIRES: classes > 0. Thread-safe.
LossSum SigmoidCrossEntropy(int rows, int classes, const LabelSets& sets, float smoothing, float scale, float* values);

}  // namespace pumasi

#endif  // PUMASI_OPS_SIGMOID_CROSS_ENTROPY_H_
