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

  // Replaces `tokens` by the ids of row `row` (at least one) and `label` by its class. REQUIRES: row < rows().
  virtual void Get(uint64_t row, std::vector<uint32_t>* tokens, uint32_t* label) const = 0;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ROW_SOURCE_H_
