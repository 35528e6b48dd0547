// How rows of a checkpoint become the values that readers of the parameters see: common/checkpoint/row_values.h by the
// job's optimizer and the tables' initialisers.
#ifndef PUMASI_OPS_OPTIMIZER_ROW_VALUES_H_
#define PUMASI_OPS_OPTIMIZER_ROW_VALUES_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/checkpoint/row_values.h"
#include "ops/optimizer.h"
#include "proto/checkpoint.pb.h"
#include "proto/job.pb.h"

namespace pumasi {

// Thread-safe.
class OptimizerRowValues : public RowValues {
 public:
  // `version`: that of the checkpoint, for rows that it does not hold. Some optimizers (AdamW) move those too.
  // `changes`: of the rate up to then. `steps_per_batch`: common/consistency.h.
  static absl::StatusOr<std::unique_ptr<OptimizerRowValues>> Create(const v1::Optimizer& optimizer, uint64_t version,
                                                                    const RateChanges& changes = {},
                                                                    uint64_t steps_per_batch = 1);
  // Those of a checkpoint, by what its manifest says.
  static absl::StatusOr<std::unique_ptr<OptimizerRowValues>> Of(const v1::Manifest& manifest);
  void Initial(const v1::TableSpec& spec, uint64_t row, float* out) const override;
  void Current(const v1::TableSpec& spec, uint64_t last_step, uint64_t version, const float* state,
               float* out) const override;
  std::vector<std::string> slot_names() const { return optimizer_->slot_names(); }

 private:
  OptimizerRowValues(std::unique_ptr<Optimizer> optimizer, uint64_t version, uint64_t steps_per_batch)
      : optimizer_(std::move(optimizer)), version_(version), steps_per_batch_(steps_per_batch) {}
  const std::unique_ptr<Optimizer> optimizer_;
  const uint64_t version_, steps_per_batch_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_OPTIMIZER_ROW_VALUES_H_
