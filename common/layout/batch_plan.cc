#include "common/layout/batch_plan.h"

#include <algorithm>

namespace pumasi {

uint64_t BatchPlan::BatchesPerEpoch() const { return (rows + batch - 1) / batch; }

RowRange BatchPlan::Batch(uint64_t batch_index) const {
  const uint64_t first = batch_index * batch;
  return {first, std::min(first + batch, rows)};
}

RowRange BatchPlan::Part(uint64_t batch_index, uint32_t part) const {
  const RowRange whole = Batch(batch_index);
  const uint64_t size = whole.size();
  return {whole.first + size * part / parts, whole.first + size * (part + 1) / parts};
}

}  // namespace pumasi
