// The optimizers of a job's tables, with the changes of the learning rate so far.
#ifndef PUMASI_SERVER_JOB_OPTIMIZERS_H_
#define PUMASI_SERVER_JOB_OPTIMIZERS_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/averaging.h"
#include "ops/elastic_average.h"
#include "ops/optimizer.h"
#include "ops/rate_schedule.h"
#include "proto/table.pb.h"

namespace pumasi {

// Not thread-safe.
class JobOptimizers {
 public:
  // `steps_per_batch`: common/consistency.h. `averages`: the job does (common/averaging.h), and the settings are its
  // HoldersOptimizer: changes of the rate are known but apply in the lanes, and a sum for a statistic is its new value.
  // `staleness`: a push may come so many batches before the one that brought a change. `dense_in_step`: a batch is one
  // step of dense tables, whatever it is of rows. `elastic`: with lanes it is applied, whatever the settings are.
  // InvalidArgument: the settings make no sense.
  static absl::StatusOr<JobOptimizers> Create(const v1::Optimizer& settings, const std::vector<v1::TableSpec>& tables,
                                              RateChanges changes, uint64_t steps_per_batch = 1, bool averages = false,
                                              uint64_t staleness = 0, bool dense_in_step = false,
                                              ElasticRule elastic = {});

  // Of a dense table; rows are all the job's.
  const Optimizer& of(size_t table) const {
    return *(averages_[table] ? averages_[table] : dense_optimizer_ ? dense_optimizer_ : optimizer_);
  }
  const Optimizer& job() const { return *optimizer_; }
  // The same, if lanes have values of their own; otherwise nullptr.
  const ElasticAverage* elastic() const { return elastic_; }
  // Copies of each float that are kept: the value and the optimizer's slots.
  int copies() const { return 1 + optimizer_->slots(); }
  const v1::Optimizer& settings() const { return settings_; }
  bool clips_by_norm() const;

  const RateChanges& changes() const { return changes_; }
  // Those that a state after `version` batches, or the batch in progress then, may know of.
  RateChanges ChangesUpTo(uint64_t version) const;
  // `changes`, of a push for batch `version`, continue those known up to that batch by one at most, which begins with
  // the batch's step. InvalidArgument otherwise.
  absl::Status Check(uint64_t version, const RateChanges& changes) const;
  // Takes over changes of which those known are the first, or which are the first of those known. InvalidArgument if
  // they contradict each other.
  absl::Status Take(const RateChanges& changes);

 private:
  absl::Status Make(RateChanges changes);

  v1::Optimizer settings_;
  uint64_t steps_per_batch_ = 1;
  uint64_t staleness_ = 0;
  std::vector<v1::TableSpec> tables_;
  bool averages_rounds_ = false;
  bool dense_in_step_ = false;
  ElasticRule elastic_rule_;
  RateChanges changes_;
  std::unique_ptr<Optimizer> optimizer_;
  const ElasticAverage* elastic_ = nullptr;           // optimizer_, or nullptr
  std::unique_ptr<Optimizer> dense_optimizer_;        // where its steps are others than those of rows
  std::vector<std::unique_ptr<Optimizer>> averages_;  // by table; nullptr where the job's optimizer is used
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_JOB_OPTIMIZERS_H_
