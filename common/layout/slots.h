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

// A dense table's size in floats, its number of chunks and the floats of one of them.
uint64_t DenseFloats(const v1::TableSpec& spec);
uint32_t DenseChunks(const v1::TableSpec& spec);
uint64_t ChunkFloats(const v1::TableSpec& spec, uint32_t chunk);

}  // namespace pumasi

#endif  // PUMASI_COMMON_LAYOUT_SLOTS_H_
