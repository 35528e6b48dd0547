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

uint64_t BatchPlan::RowsBefore(uint64_t batch_index, uint32_t part) const {
  // All batches before another one are full.
  return batch_index == 0 ? 0 : batch_index * Part(0, part).size();
}

RowRange BatchPlan::RangeOf(uint32_t part) const {
  const uint64_t full = rows / batch, left = rows % batch;
  // Rows of all parts before `end`.
  const auto before = [&](uint64_t end) { return (full == 0 ? 0 : full * (batch * end / parts)) + left * end / parts; };
  return {before(part), before(uint64_t{part} + 1)};
}

uint32_t BatchPlan::PartAt(uint64_t position) const {
  const RowRange whole = Batch(position / batch);
  // The last part that does not begin behind it: size * part / parts <= place, for whole numbers.
  return static_cast<uint32_t>(((position - whole.first + 1) * parts - 1) / whole.size());
}

}  // namespace pumasi
