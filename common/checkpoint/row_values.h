// How a stored (or not stored) row becomes the value that a reader of the parameters sees. The arithmetic lives in
// ops/; checkpoints only need to be told.
#ifndef PUMASI_COMMON_CHECKPOINT_ROW_VALUES_H_
#define PUMASI_COMMON_CHECKPOINT_ROW_VALUES_H_

#include <cstdint>

#include "proto/table.pb.h"

namespace pumasi {

// Thread-compatible: const calls may run at once.
class RowValues {
 public:
  virtual ~RowValues() = default;
  // The value of a row that was never changed: out[columns].
  virtual void Initial(const v1::TableSpec& spec, uint64_t row, float* out) const = 0;
  // The value at `version` of a row whose `state` (value, then optimizer slots) is that after step `last_step`.
  virtual void Current(const v1::TableSpec& spec, uint64_t last_step, uint64_t version, const float* state,
                       float* out) const = 0;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_CHECKPOINT_ROW_VALUES_H_
