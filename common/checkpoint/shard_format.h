// The bytes of a shard file: what one server held of a job's tables at one version.
//
//   magic "PUMASI01"
//   chunk*                       each: u32 size | u32 CRC32C of the payload | payload
//   trailer                      u64 offset of the last chunk | u32 CRC32C of those 8 bytes | magic
//
// All numbers little-endian. The last chunk is a ShardIndex (proto/checkpoint.proto): for each (table, slot) where its
// chunks begin and how many there are. Payloads of a section:
//   ROWS   u32 count | count × u64 id (ascending, over all chunks of the section) | count × u64 last step
//          | count × (width · (1 + optimizer slots)) floats: the row's value, then its optimizer slots
//   DENSE  u32 chunk number (ascending) | u32 floats | floats of the value | floats of each optimizer slot
// Rows that were never changed are not stored: they are their table's initial value.
#ifndef PUMASI_COMMON_CHECKPOINT_SHARD_FORMAT_H_
#define PUMASI_COMMON_CHECKPOINT_SHARD_FORMAT_H_

#include <cstdint>

namespace pumasi {

inline constexpr char kShardMagic[8] = {'P', 'U', 'M', 'A', 'S', 'I', '0', '1'};
inline constexpr uint64_t kChunkHeaderBytes = 8;
inline constexpr uint64_t kShardTrailerBytes = 8 + 4 + 8;
// A writer cuts row chunks at about this size: the unit in which damage is noticed and reported.
inline constexpr uint64_t kRowChunkBytes = 1 << 20;

}  // namespace pumasi

#endif  // PUMASI_COMMON_CHECKPOINT_SHARD_FORMAT_H_
