// What a part's rows came to.
#ifndef PUMASI_WORKER_MODEL_PART_OUTCOME_H_
#define PUMASI_WORKER_MODEL_PART_OUTCOME_H_

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace pumasi {

struct PartOutcome {
  // Sum over the part's rows.
  double loss = 0;
  // Rows whose prediction is their label (cross_entropy), or whose labels are exactly those with a probability above
  // 0.5 (binary_cross_entropy); 0 for mse.
  uint64_t correct = 0;
  // Evaluate with cross_entropy: rows whose label is among the job's top_k most likely classes, of equally likely ones
  // the lower first. 0 where top_k does not leave out any class.
  uint64_t top_k_correct = 0;
  // predicted[rows]; empty but for cross_entropy.
  std::vector<int32_t> predicted;
  // Evaluate: how often which class was taken for which, by (truth, prediction). With cross_entropy one for each row;
  // with binary_cross_entropy each right label as (label, label), each missed one as (label, classes), each wrong one
  // as (classes, label); none for mse.
  std::map<std::pair<int32_t, int32_t>, uint64_t> confusions;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_PART_OUTCOME_H_
