// How predicted sets of labels compare with the true ones.
#ifndef PUMASI_OPS_LABEL_SETS_H_
#define PUMASI_OPS_LABEL_SETS_H_

#include <cstdint>
#include <map>
#include <utility>

#include "ops/sigmoid_cross_entropy.h"

namespace pumasi {

// By (truth, prediction).
using ConfusionCounts = std::map<std::pair<int32_t, int32_t>, uint64_t>;

// A class is predicted where its logit is above 0, its probability above 0.5. Returns the rows whose predictions are
// exactly their labels. `confusions` (may be null) is added to: each right label as (label, label), each missed one as
// (label, classes), each wrong one as (classes, label). logits[rows × classes].
uint64_t JudgeLabelSets(int rows, int classes, const LabelSets& sets, const float* logits, ConfusionCounts* confusions);

}  // namespace pumasi

#endif  // PUMASI_OPS_LABEL_SETS_H_
