// Tables, layouts of them, and what servers with them answer.
#ifndef PUMASI_TESTS_EXCHANGE_ROUTED_TABLES_H_
#define PUMASI_TESTS_EXCHANGE_ROUTED_TABLES_H_

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "common/crc32c.h"
#include "common/layout/slot_roles.h"
#include "common/layout/slots.h"
#include "proto/parameter_server.pb.h"
#include "server/gradient_message.h"
#include "server/parameter_shape.h"

namespace pumasi {

constexpr uint32_t kSlots = 16;
constexpr uint32_t kWidth = 3;

inline v1::TableSpec Table(const char* name, v1::TableSpec::Kind kind, uint64_t rows, uint32_t columns) {
  v1::TableSpec spec;
  spec.set_name(name);
  spec.set_kind(kind);
  spec.set_rows(rows);
  spec.set_columns(columns);
  spec.mutable_initializer()->set_kind(v1::Initializer::ZEROS);
  return spec;
}

// A tensor of two chunks, the row table, a tensor of one.
inline std::vector<v1::TableSpec> Tables() {
  return {Table("kernel", v1::TableSpec::DENSE, 130, 200), Table("words", v1::TableSpec::ROWS, 500, kWidth),
          Table("bias", v1::TableSpec::DENSE, 1, 5)};
}

// Slots dealt at random; a server may get none. Some have a backup, some are being copied.
inline v1::Layout LayoutOf(uint32_t servers, uint32_t seed, bool copies = false) {
  std::mt19937 random(seed);
  v1::Layout layout;
  layout.set_epoch(4);
  for (uint32_t server = 0; server < servers; ++server) layout.add_servers()->set_node("s" + std::to_string(server));
  for (uint32_t slot = 0; slot < kSlots; ++slot) layout.add_slot_owner(random() % servers);
  for (uint32_t slot = 0; copies && slot < kSlots; ++slot) {
    const uint32_t owner = layout.slot_owner(static_cast<int>(slot));
    const uint32_t backup = (owner + 1 + random() % (servers - 1)) % servers, filling = random() % servers;
    layout.add_slot_backup(random() % 4 > 0 ? 1 + backup : 0);
    const bool free = filling != owner && filling != backup;
    layout.add_slot_filling(free ? 1 + filling : 0);
  }
  return layout;
}

inline std::vector<uint64_t> RandomIds(std::mt19937& random) {
  std::vector<uint64_t> ids;
  for (uint64_t id = 0; id < 500; ++id) {
    if (random() % 4 == 0) ids.push_back(id);
  }
  return ids;
}

inline std::vector<float> RandomFloats(size_t size, std::mt19937& random) {
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(random() % 10000) / 7;
  return values;
}

inline ParameterShape Shape() { return *ParameterShape::Make(Tables(), kSlots); }

// By slot, what a server has to do with it; `primary`: as its primary only.
inline std::vector<SlotUse> UsesOf(const v1::Layout& layout, uint32_t server, bool primary = false) {
  std::vector<SlotUse> uses;
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    bool held = layout.slot_owner(static_cast<int>(slot)) == server;
    for (const uint32_t holder : HoldersOf(layout, slot)) held = held || (!primary && holder == server);
    uses.push_back(held ? SlotUse::kTaken : SlotUse::kForeign);
  }
  return uses;
}

// All parameters, and how a server of a layout answers a pull of some ids.
struct Truth {
  std::vector<std::vector<float>> values;

  explicit Truth(std::mt19937& random) {
    for (const v1::TableSpec& table : Tables()) values.push_back(RandomFloats(table.rows() * table.columns(), random));
  }

  // Of the slots that it is the primary of, by table and chunk.
  static std::vector<ParameterShape::Chunk> ChunksOf(const v1::Layout& layout, uint32_t server) {
    std::vector<ParameterShape::Chunk> chunks;
    const ParameterShape shape = Shape();
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      if (layout.slot_owner(static_cast<int>(slot)) != server) continue;
      chunks.insert(chunks.end(), shape.chunks[slot].begin(), shape.chunks[slot].end());
    }
    std::sort(chunks.begin(), chunks.end(),
              [](const auto& a, const auto& b) { return std::tie(a.table, a.chunk) < std::tie(b.table, b.chunk); });
    return chunks;
  }

  v1::PullResponse Answer(const v1::Layout& layout, uint32_t server, const std::vector<uint64_t>& ids) const {
    v1::PullResponse response;
    std::string bytes;
    uint64_t rows = 0;
    for (const uint64_t id : ids) {
      if (layout.slot_owner(SlotOfRow(1, id, kSlots)) != server) continue;
      bytes.append(reinterpret_cast<const char*>(values[1].data() + id * kWidth), kWidth * sizeof(float));
      ++rows;
    }
    if (rows > 0) {
      v1::RowValues* out = response.add_rows();
      out->set_table(1);
      out->set_rows(rows);
      out->set_width(kWidth);
      out->set_values(bytes);
      out->set_crc32c(Crc32c(bytes));
    }
    for (const ParameterShape::Chunk& chunk : ChunksOf(layout, server)) {
      v1::DenseChunk* out = response.add_dense();
      out->set_table(chunk.table);
      out->set_chunk(chunk.chunk);
      out->set_values(reinterpret_cast<const char*>(values[chunk.table].data() + chunk.chunk * kChunkFloats),
                      chunk.floats * sizeof(float));
      out->set_crc32c(Crc32c(out->values()));
    }
    return response;
  }
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_EXCHANGE_ROUTED_TABLES_H_
