// What a job's parameters look like, here and in messages, and which of them make up each slot: what messages are
// checked against.
#ifndef PUMASI_SERVER_PARAMETER_SHAPE_H_
#define PUMASI_SERVER_PARAMETER_SHAPE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/layout/slots.h"
#include "ops/precision.h"
#include "ops/wire/dense_coding.h"
#include "proto/table.pb.h"

namespace pumasi {

// The same for all servers of a job and all its layouts. Thread-safe: it does not change.
struct ParameterShape {
  struct Chunk {
    uint32_t table;
    uint32_t chunk;
    uint32_t floats;
  };
  // With values that travel as float32. `dense_from`: as SlotSpace's. InvalidArgument: no slots, or a table that makes
  // no sense, by name.
  static absl::StatusOr<ParameterShape> Make(std::vector<v1::TableSpec> tables, uint32_t slots,
                                             uint32_t dense_from = 0);

  std::vector<v1::TableSpec> tables;
  std::vector<uint32_t> widths;            // of the tables
  std::vector<std::vector<Chunk>> chunks;  // by slot: its dense chunks, by (table, chunk)
  Precision wire = Precision::kFloat32;    // of values in messages of workers and to them
  DenseCoding coding;                      // of dense gradients that workers push, where they are not plain values
  uint64_t seed = 0;                       // the job's
  SlotSpace space;                         // which rows and chunks are in which slot
  // common/consistency.h: batches that may be open beyond the first one, whether each part is a step of its own, and
  // the optimizer's steps to a batch. Of slots that hold rows: where dense chunks lie apart, theirs are in step.
  uint32_t staleness = 0;
  bool async = false;
  uint32_t steps_per_batch = 1;
  // Elastic averaging (common/averaging.h): parts are lanes that have values of their own; 0: they have not.
  uint32_t lanes = 0;

  uint32_t slots() const { return space.slots; }
  // The same of one slot.
  uint32_t StalenessOf(uint32_t slot) const { return space.HoldsRows(slot) ? staleness : 0; }
  bool IsAsync(uint32_t slot) const { return async && space.HoldsRows(slot); }
  uint32_t StepsPerBatch(uint32_t slot) const { return space.HoldsRows(slot) ? steps_per_batch : 1; }
  bool IsRows(uint32_t table) const { return table < tables.size() && tables[table].kind() == v1::TableSpec::ROWS; }
  // Position of the chunk in chunks[slot], or -1. REQUIRES: slot < slots().
  int Find(uint32_t slot, uint32_t table, uint32_t chunk) const;
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_PARAMETER_SHAPE_H_
