#ifndef PUMASI_WORKER_INPUT_ROW_SOURCE_H_
#define PUMASI_WORKER_INPUT_ROW_SOURCE_H_

#include <cstdint>
#include <vector>

namespace pumasi {

// Encoded rows, addressed by number. Immutable, so any number of threads may read.
class RowSource {
 public:
  virtual ~RowSource() = default;

  virtual uint64_t rows() const = 0;

  // Replaces `tokens` by the ids of row `row` (at least one) and `labels` by what it is labelled with, as the job's
  // LabelKind (label_kind.h) has it. REQUIRES: row < rows().
  virtual void Get(uint64_t row, std::vector<uint32_t>* tokens, std::vector<uint32_t>* labels) const = 0;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ROW_SOURCE_H_
