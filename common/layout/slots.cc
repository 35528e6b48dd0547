#include "common/layout/slots.h"

#include <algorithm>

#include "common/mix_bits.h"

namespace pumasi {

uint32_t SlotOfRow(uint32_t table, uint64_t id, uint32_t slots) {
  return static_cast<uint32_t>(MixBits((id ^ (uint64_t{table} << 48)) + kGoldenRatio) % slots);
}

uint32_t SlotOfChunk(uint32_t table, uint32_t chunk, uint32_t slots) {
  // The table's number shifts the start, so that the first chunks of many small tensors do not all share slot 0.
  return static_cast<uint32_t>((uint64_t{table} + chunk) % slots);
}

SlotSpace SlotSpaceOf(const v1::Layout& layout) {
  return {static_cast<uint32_t>(layout.slot_owner_size()), layout.dense_from()};
}

uint64_t DenseFloats(const v1::TableSpec& spec) { return spec.rows() * spec.columns(); }

uint32_t DenseChunks(const v1::TableSpec& spec) {
  return static_cast<uint32_t>((DenseFloats(spec) + kChunkFloats - 1) / kChunkFloats);
}

uint64_t ChunkFloats(const v1::TableSpec& spec, uint32_t chunk) {
  const uint64_t first = chunk * kChunkFloats;
  return std::min(kChunkFloats, DenseFloats(spec) - first);
}

}  // namespace pumasi
