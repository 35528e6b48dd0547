// A job's optimizer as numbers for a device (ops/cuda/row_rule.h).
#ifndef PUMASI_OPS_CUDA_ROW_PLANNER_H_
#define PUMASI_OPS_CUDA_ROW_PLANNER_H_

#include <map>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/cuda/row_rule.h"
#include "proto/job.pb.h"

namespace pumasi::cuda {

// Catch-ups from several steps to one, each made once.
class CatchUpTable {
 public:
  const std::vector<RowCatchUp>& entries() const { return entries_; }
  const std::vector<RowTerm>& terms() const { return terms_; }

 private:
  friend class RowPlanner;
  std::map<uint64_t, uint32_t> entry_of_last_;
  std::vector<RowCatchUp> entries_;
  std::vector<RowTerm> terms_;
};

// Gives UpdateRows (ops/cuda/optimizer_rows.h) the numbers with which it does what MakeOptimizer's optimizer does, to
// the bit. Immutable, hence thread-safe.
class RowPlanner {
 public:
  // Refuses what MakeOptimizer refuses.
  static absl::StatusOr<std::unique_ptr<RowPlanner>> Create(const v1::Optimizer& proto);
  virtual ~RowPlanner() = default;

  // Of step `step`, which counts from 1.
  virtual RowRule Rule(uint64_t step) const = 0;

  // What takes a row from after step `last` to after step `step`: its place in the table, which holds catch-ups to this
  // step only. REQUIRES: step >= last.
  uint32_t CatchUp(uint64_t last, uint64_t step, CatchUpTable* table) const;

 protected:
  virtual RowCatchUp MakeCatchUp(uint64_t last, uint64_t step, std::vector<RowTerm>* terms) const = 0;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_ROW_PLANNER_H_
