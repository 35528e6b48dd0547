#include "ops/optimizer_row_values.h"

#include <utility>

#include "common/averaging.h"
#include "common/consistency.h"
#include "ops/elastic_average.h"
#include "ops/initializer.h"

namespace pumasi {

absl::StatusOr<std::unique_ptr<OptimizerRowValues>> OptimizerRowValues::Create(const v1::Optimizer& optimizer,
                                                                               uint64_t version,
                                                                               const RateChanges& changes,
                                                                               uint64_t steps_per_batch) {
  auto made = MakeOptimizer(optimizer, changes, {.per_batch = steps_per_batch});
  if (!made.ok()) return made.status();
  return std::unique_ptr<OptimizerRowValues>(new OptimizerRowValues(*std::move(made), version, steps_per_batch));
}

absl::StatusOr<std::unique_ptr<OptimizerRowValues>> OptimizerRowValues::Of(const v1::Manifest& manifest) {
  if (const ElasticRule rule = ElasticRuleOf(manifest.job()); rule.lanes > 0) {
    auto elastic = std::make_unique<ElasticAverage>(rule.lanes, rule.share);
    return std::unique_ptr<OptimizerRowValues>(
        new OptimizerRowValues(std::move(elastic), manifest.progress().version(), 1));
  }
  // Changes of the rate are the lanes' business where the job averages, and move no row that is not touched.
  RateChanges changes;
  if (!Averages(manifest.job())) changes = {manifest.rate_changes().begin(), manifest.rate_changes().end()};
  return Create(HoldersOptimizer(manifest.job()), manifest.progress().version(), changes,
                StepsPerBatch(manifest.job()));
}

void OptimizerRowValues::Initial(const v1::TableSpec& spec, uint64_t row, float* out) const {
  InitialRow(spec, row, out);
  if (version_ == 0) return;
  const int width = static_cast<int>(spec.columns());
  std::vector<float> slots(size_t{spec.columns()} * optimizer_->slots());
  optimizer_->InitSlots(width, slots.data());
  optimizer_->Peek(0, version_ * steps_per_batch_, width, out, slots.data(), out);
}

void OptimizerRowValues::Current(const v1::TableSpec& spec, uint64_t last_step, uint64_t version, const float* state,
                                 float* out) const {
  const int width = static_cast<int>(spec.columns());
  optimizer_->Peek(last_step, version * steps_per_batch_, width, state, state + width, out);
}

}  // namespace pumasi
