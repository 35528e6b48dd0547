#include "ops/optimizer_row_values.h"

#include <utility>

#include "ops/initializer.h"

namespace pumasi {

absl::StatusOr<std::unique_ptr<OptimizerRowValues>> OptimizerRowValues::Create(const v1::Optimizer& optimizer) {
  auto made = MakeOptimizer(optimizer);
  if (!made.ok()) return made.status();
  return std::unique_ptr<OptimizerRowValues>(new OptimizerRowValues(*std::move(made)));
}

void OptimizerRowValues::Initial(const v1::TableSpec& spec, uint64_t row, float* out) const {
  InitialRow(spec, row, out);
}

void OptimizerRowValues::Current(const v1::TableSpec& spec, uint64_t last_step, uint64_t version, const float* state,
                                 float* out) const {
  const int width = static_cast<int>(spec.columns());
  optimizer_->Peek(last_step, version, width, state, state + width, out);
}

}  // namespace pumasi
