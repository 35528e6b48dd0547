#include "common/layout/slots.h"

#include <algorithm>

namespace pumasi {
namespace {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

uint32_t SlotOfRow(uint32_t table, uint64_t id, uint32_t slots) {
  return static_cast<uint32_t>(Mix(id ^ (uint64_t{table} << 48)) % slots);
}

uint32_t SlotOfChunk(uint32_t table, uint32_t chunk, uint32_t slots) {
  // The table's number shifts the start, so that the first chunks of many small tensors do not all share slot 0.
  return static_cast<uint32_t>((uint64_t{table} + chunk) % slots);
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
