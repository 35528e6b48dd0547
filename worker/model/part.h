// The rows that are computed together.
#ifndef PUMASI_WORKER_MODEL_PART_H_
#define PUMASI_WORKER_MODEL_PART_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "proto/job.pb.h"

namespace pumasi {

// Rows of one part of a batch, or a chunk of rows to evaluate or predict, with their ids merged. What the rows are to
// come to depends on the job's loss; all of it may be empty for Predict.
struct Part {
  // offsets[rows() + 1], ascending from 0: row r has tokens [offsets[r], offsets[r + 1]).
  std::vector<uint32_t> offsets;
  // Where each token's id stands in `ids`.
  std::vector<uint32_t> tokens;
  // The ids that occur, ascending, each once.
  std::vector<uint64_t> ids;
  // cross_entropy: labels[rows()]. binary_cross_entropy: the labels of all rows, one row's after another's, ascending
  // in a row, each once. mse: empty.
  std::vector<int32_t> labels;
  // binary_cross_entropy only: label_offsets[rows() + 1], ascending from 0: row r has labels [label_offsets[r],
  // label_offsets[r + 1]). May be empty where there are no rows.
  std::vector<uint32_t> label_offsets;
  // mse only: targets[rows() × outputs].
  std::vector<float> targets;

  size_t rows() const { return offsets.empty() ? 0 : offsets.size() - 1; }
};

// Refuses a part that contradicts itself, a label that is not in [0, outputs), a target that is not finite. `outputs`:
// the classes, or with mse the numbers of a row. Labels and targets are looked at if `labelled`.
absl::Status CheckPart(const Part& part, int outputs, bool labelled, v1::Loss loss = v1::LOSS_CROSS_ENTROPY);

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_PART_H_
