// How an epoch's rows are cut into batches and parts. The cut depends on the job alone, never on the cluster: it is
// what the same-bits promise rests on.
#ifndef PUMASI_COMMON_LAYOUT_BATCH_PLAN_H_
#define PUMASI_COMMON_LAYOUT_BATCH_PLAN_H_

#include <cstdint>

namespace pumasi {

struct RowRange {
  uint64_t first = 0;
  uint64_t end = 0;
  uint64_t size() const { return end - first; }
  bool operator==(const RowRange&) const = default;
};

struct BatchPlan {
  uint64_t rows = 0;   // of an epoch, > 0
  uint64_t batch = 0;  // rows of a batch, > 0
  uint32_t parts = 0;  // of a batch, > 0

  // The last batch of an epoch holds what is left.
  uint64_t BatchesPerEpoch() const;
  // Positions in the epoch's order, [0, rows). REQUIRES: batch_index < BatchesPerEpoch().
  RowRange Batch(uint64_t batch_index) const;
  // Part `part` of the batch: parts differ by one row at most, and may be empty in a short batch. REQUIRES: part <
  // parts.
  RowRange Part(uint64_t batch_index, uint32_t part) const;

  // How many rows part `part` has in all batches before `batch_index`. REQUIRES: batch_index < BatchesPerEpoch(), part
  // < parts.
  uint64_t RowsBefore(uint64_t batch_index, uint32_t part) const;
  // [0, rows) cut into a range for each part, as long as the part is in all batches of the epoch together: where parts
  // are equal in every full batch, ranges differ by one row at most. REQUIRES: part < parts.
  RowRange RangeOf(uint32_t part) const;
  // The part that has `position` in its batch (Part). REQUIRES: position < rows.
  uint32_t PartAt(uint64_t position) const;

  // `version` counts batches from the start of the job.
  uint32_t EpochOf(uint64_t version) const { return static_cast<uint32_t>(version / BatchesPerEpoch()); }
  uint64_t BatchOf(uint64_t version) const { return version % BatchesPerEpoch(); }
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_LAYOUT_BATCH_PLAN_H_
