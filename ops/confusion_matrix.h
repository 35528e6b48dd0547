// How often each class was taken for each other one, and what follows from it.
#ifndef PUMASI_OPS_CONFUSION_MATRIX_H_
#define PUMASI_OPS_CONFUSION_MATRIX_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>
#include <vector>

namespace pumasi {

// Counts are whole numbers, so matrices of parts add up to that of the whole in any order. Not thread-safe.
class ConfusionMatrix {
 public:
  void Add(uint32_t truth, uint32_t predicted, uint64_t count = 1) { counts_[{truth, predicted}] += count; }
  void Merge(const ConfusionMatrix& other);

  uint64_t samples() const;
  // Share of the samples on the diagonal; 0 without samples. Means nothing where rows have several labels.
  double Accuracy() const;
  // Mean over the classes that occur, as truth or as prediction, of F1 = 2 TP / (2 TP + FP + FN). As scikit-learn's
  // f1_score(average="macro"). 0 without samples. Numbers from `classes` on are no classes: where rows have several
  // labels, a missed one is (label, classes) and a wrong one (classes, label).
  double MacroF1(uint32_t classes = std::numeric_limits<uint32_t>::max()) const;

  struct Entry {
    uint32_t truth;
    uint32_t predicted;
    uint64_t count;
    bool operator==(const Entry&) const = default;
  };
  // The wrong predictions, most frequent first, equal ones by truth and prediction; at most `most`.
  std::vector<Entry> MostConfused(size_t most) const;
  // All counts, by truth and prediction.
  std::vector<Entry> Entries() const;

 private:
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> counts_;  // by (truth, predicted)
};

}  // namespace pumasi

#endif  // PUMASI_OPS_CONFUSION_MATRIX_H_
