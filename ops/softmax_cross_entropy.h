// Softmax and the cross entropy of its result, as one operator: loss = log Σ exp(z) − z[label], and its gradient
// softmax(z) − onehot(label), both with the row's maximum subtracted first. A plain version stands in
// ops/softmax_cross_entropy_reference.h.
#ifndef PUMASI_OPS_SOFTMAX_CROSS_ENTROPY_H_
#define PUMASI_OPS_SOFTMAX_CROSS_ENTROPY_H_

#include <cstdint>

namespace pumasi {

struct ClassificationLoss {
  // Sum over the rows.
  double loss = 0;
  // Rows whose greatest logit is their label's; of equal ones the lowest class counts.
  uint64_t correct = 0;
  // The first row whose loss is NaN or infinite; -1: none.
  int first_not_finite = -1;
};

// values[rows × classes]: in, logits; out, probabilities. Thread-safe.
void Softmax(int rows, int classes, float* values);

// What a row's loss is beyond the plain one. With smoothing s and K classes the label's target is 1 - s + s / K and
// that of every other class s / K; the row's loss and gradient count `class_weights`[label] times (all 1 if there are
// none). As Keras' CategoricalCrossentropy(label_smoothing) and fit(class_weight).
struct CrossEntropyOptions {
  float label_smoothing = 0;
  const float* class_weights = nullptr;  // [classes]
};

// values[rows × classes]: in, logits; out, the gradient of scale·(sum of losses). `predicted`[rows] gets the class of
// the greatest logit. REQUIRES: classes > 0, each of labels[rows] in [0, classes). Thread-safe.
ClassificationLoss SoftmaxCrossEntropy(int rows, int classes, const int32_t* labels, float scale, float* values,
                                       int32_t* predicted, const CrossEntropyOptions& options = {});

}  // namespace pumasi

#endif  // PUMASI_OPS_SOFTMAX_CROSS_ENTROPY_H_
