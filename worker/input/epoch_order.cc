#include "worker/input/epoch_order.h"

#include "common/averaging.h"
#include "common/mix_bits.h"
#include "worker/input/row_order.h"

namespace pumasi {

uint64_t EpochOrder::Row(uint64_t epoch, uint64_t position) const {
  if (split_ != v1::SPLIT_EPOCH) return ShuffledRow(seed_, epoch, position, plan_.rows);
  const uint64_t batch = position / plan_.batch;
  const uint32_t part = plan_.PartAt(position);
  const RowRange range = plan_.RangeOf(part);
  const uint64_t place = plan_.RowsBefore(batch, part) + position - plan_.Part(batch, part).first;
  // Ranges are of nearly equal size: with one seed, a batch would have the same places of all of them.
  return range.first + ShuffledRow(MixBits(seed_, part), epoch, place, range.size());
}

EpochOrder EpochOrderOf(const v1::Job& job, uint64_t train_rows) {
  return {PlanOf(job, train_rows), job.seed(), job.split()};
}

}  // namespace pumasi
