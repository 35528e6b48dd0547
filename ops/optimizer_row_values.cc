#include "ops/optimizer_row_values.h"

#include <utility>

#include "ops/initializer.h"

namespace pumasi {

absl::StatusOr<std::unique_ptr<OptimizerRowValues>> OptimizerRowValues::Create(const v1::Optimizer& optimizer,
                                                                               uint64_t version,
                                                                               const RateChanges& changes) {
  auto made = MakeOptimizer(optimizer, changes);
  if (!made.ok()) return made.status();
  return std::unique_ptr<OptimizerRowValues>(new OptimizerRowValues(*std::move(made), version));
}

absl::StatusOr<std::unique_ptr<OptimizerRowValues>> OptimizerRowValues::Of(const v1::Manifest& manifest) {
  return Create(manifest.job().optimizer(), manifest.progress().version(),
                {manifest.rate_changes().begin(), manifest.rate_changes().end()});
}

void OptimizerRowValues::Initial(const v1::TableSpec& spec, uint64_t row, float* out) const {
  InitialRow(spec, row, out);
  if (version_ == 0) return;
  const int width = static_cast<int>(spec.columns());
  std::vector<float> slots(size_t{spec.columns()} * optimizer_->slots());
  optimizer_->InitSlots(width, slots.data());
  optimizer_->Peek(0, version_, width, out, slots.data(), out);
}

void OptimizerRowValues::Current(const v1::TableSpec& spec, uint64_t last_step, uint64_t version, const float* state,
                                 float* out) const {
  const int width = static_cast<int>(spec.columns());
  optimizer_->Peek(last_step, version, width, state, state + width, out);
}

}  // namespace pumasi
