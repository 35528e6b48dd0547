// Which slot a row or a dense chunk belongs to. Servers own slots; a row's slot never changes in a job, so results do
// not depend on how many servers there are.
#ifndef PUMASI_COMMON_LAYOUT_SLOTS_H_
#define PUMASI_COMMON_LAYOUT_SLOTS_H_

#include <cstdint>

#include "proto/table.pb.h"

namespace pumasi {

// Floats of one dense chunk; the last chunk of a tensor may be shorter. 64 KiB: small enough to spread the tensors of a
// small model over several servers, large enough that a chunk's header does not count.
inline constexpr uint64_t kChunkFloats = 16384;

// Slot of row `id`. Ids are mixed first, so that neighbouring (often equally frequent) ids land on different servers.
uint32_t SlotOfRow(uint32_t table, uint64_t id, uint32_t slots);

// Slot of chunk `chunk` of dense table `table`; neighbouring chunks get neighbouring slots.
uint32_t SlotOfChunk(uint32_t table, uint32_t chunk, uint32_t slots);

// The slots of a layout, by number. Where rows and dense chunks lie apart, rows are in those before dense_from and
// dense chunks in as many from there on; otherwise dense_from is 0, and a slot holds both.
struct SlotSpace {
  uint32_t slots = 0;
  uint32_t dense_from = 0;

  // That rows are dealt to, and dense chunks: as many as the job says.
  uint32_t of_each_kind() const { return slots - dense_from; }
  uint32_t OfRow(uint32_t table, uint64_t id) const { return SlotOfRow(table, id, of_each_kind()); }
  uint32_t OfChunk(uint32_t table, uint32_t chunk) const {
    return dense_from + SlotOfChunk(table, chunk, of_each_kind());
  }
  bool HoldsRows(uint32_t slot) const { return dense_from == 0 || slot < dense_from; }
  // The slot's number in checkpoints, which is the same whether kinds lie apart or not.
  uint32_t InCheckpoint(uint32_t slot) const { return slot % of_each_kind(); }
};
// REQUIRES: the layout has passed CheckLayout, or has no slots.
SlotSpace SlotSpaceOf(const v1::Layout& layout);

// A dense table's size in floats, its number of chunks and the floats of one of them.
uint64_t DenseFloats(const v1::TableSpec& spec);
uint32_t DenseChunks(const v1::TableSpec& spec);
uint64_t ChunkFloats(const v1::TableSpec& spec, uint32_t chunk);

}  // namespace pumasi

#endif  // PUMASI_COMMON_LAYOUT_SLOTS_H_
