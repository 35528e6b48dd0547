#include "ops/label_sets.h"

#include <cstddef>

namespace pumasi {

uint64_t JudgeLabelSets(int rows, int classes, const LabelSets& sets, const float* logits,
                        ConfusionCounts* confusions) {
  uint64_t exact = 0;
  for (int row = 0; row < rows; ++row, logits += classes) {
    uint32_t next = sets.offsets[row];
    bool same = true;
    for (int32_t c = 0; c < classes; ++c) {
      const bool label = next < sets.offsets[row + 1] && sets.labels[next] == c;
      const bool predicted = logits[c] > 0;
      next += label;
      same = same && label == predicted;
      if (confusions == nullptr || (!label && !predicted)) continue;
      ++(*confusions)[{label ? c : classes, predicted ? c : classes}];
    }
    exact += same;
  }
  return exact;
}

}  // namespace pumasi
