// The rows that are computed together.
#ifndef PUMASI_WORKER_MODEL_PART_H_
#define PUMASI_WORKER_MODEL_PART_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace pumasi {

// Rows of one part of a batch, or a chunk of rows to evaluate or predict, with their ids merged.
struct Part {
  // offsets[rows() + 1], ascending from 0: row r has tokens [offsets[r], offsets[r + 1]).
  std::vector<uint32_t> offsets;
  // Where each token's id stands in `ids`.
  std::vector<uint32_t> tokens;
  // The ids that occur, ascending, each once.
  std::vector<uint64_t> ids;
  // labels[rows()]; may be empty for Predict.
  std::vector<int32_t> labels;

  size_t rows() const { return offsets.empty() ? 0 : offsets.size() - 1; }
};

// Refuses a part that contradicts itself, or a label that is not in [0, classes). Labels are looked at if `labelled`.
absl::Status CheckPart(const Part& part, int classes, bool labelled);

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_PART_H_
