#include "tools/plan/row_sample.h"

#include <algorithm>
#include <vector>

#include "worker/input/epoch_order.h"

namespace pumasi {

DistinctIds SampleRows(const v1::Job& job, const RowSource& rows, uint64_t ids, const RowLimit& size) {
  const bool mask_zero = job.model_size() > 0 && job.model(0).embedding().mask_zero();
  DistinctIds distinct;
  std::vector<uint32_t> tokens, labels;
  uint64_t seen = 0;
  const EpochOrder order = EpochOrderOf(job, rows.rows());
  for (uint64_t i = 0; i < std::min(rows.rows(), size.rows) && seen < size.tokens; ++i) {
    rows.Get(order.Row(0, i), &tokens, &labels);
    if (mask_zero) std::erase(tokens, 0u);
    distinct.AddRow(tokens);
    seen += tokens.size();
  }
  distinct.Finish(rows.rows(), ids);
  return distinct;
}

}  // namespace pumasi
