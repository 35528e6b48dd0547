#include "ops/confusion_matrix.h"

#include <algorithm>

namespace pumasi {

void ConfusionMatrix::Merge(const ConfusionMatrix& other) {
  for (const auto& [pair, count] : other.counts_) counts_[pair] += count;
}

uint64_t ConfusionMatrix::samples() const {
  uint64_t samples = 0;
  for (const auto& [pair, count] : counts_) samples += count;
  return samples;
}

double ConfusionMatrix::Accuracy() const {
  uint64_t right = 0;
  for (const auto& [pair, count] : counts_) right += pair.first == pair.second ? count : 0;
  const uint64_t all = samples();
  return all == 0 ? 0 : double(right) / double(all);
}

double ConfusionMatrix::MacroF1(uint32_t none) const {
  struct Class {
    uint64_t right = 0, as_truth = 0, as_prediction = 0;
  };
  std::map<uint32_t, Class> classes;
  for (const auto& [pair, count] : counts_) {
    classes[pair.first].as_truth += count;
    classes[pair.second].as_prediction += count;
    if (pair.first == pair.second) classes[pair.first].right += count;
  }
  classes.erase(classes.lower_bound(none), classes.end());
  double sum = 0;
  // 2 TP + FP + FN is how often the class occurs, as truth and as prediction together.
  for (const auto& [number, c] : classes) sum += 2 * double(c.right) / double(c.as_truth + c.as_prediction);
  return classes.empty() ? 0 : sum / double(classes.size());
}

std::vector<ConfusionMatrix::Entry> ConfusionMatrix::Entries() const {
  std::vector<Entry> entries;
  for (const auto& [pair, count] : counts_) entries.push_back({pair.first, pair.second, count});
  return entries;
}

std::vector<ConfusionMatrix::Entry> ConfusionMatrix::MostConfused(size_t most) const {
  std::vector<Entry> entries = Entries();
  std::erase_if(entries, [](const Entry& entry) { return entry.truth == entry.predicted; });
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.count > b.count; });
  if (entries.size() > most) entries.resize(most);
  return entries;
}

}  // namespace pumasi
