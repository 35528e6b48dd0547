// Shard's side of checkpoints: its slots to a shard file, and back from whichever files hold them.
#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/shard_writer.h"
#include "common/layout/slots.h"
#include "server/shard.h"

namespace pumasi {

absl::Status Shard::Save(ShardWriter& writer) const {
  for (uint32_t table = 0; table < rows_.size(); ++table) {
    if (rows_[table] == nullptr) continue;
    std::vector<std::pair<uint32_t, const RowTable::Row*>> order;
    order.reserve(rows_[table]->rows().size());
    for (const RowTable::Row& row : rows_[table]->rows()) {
      order.emplace_back(SlotOfRow(table, row.id, shape_.slots()), &row);
    }
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first, a.second->id) < std::pair(b.first, b.second->id);
    });
    const uint32_t floats = shape_.tables[table].columns() * (1 + optimizer_->slots());
    for (size_t i = 0; i < order.size(); ++i) {
      if (i == 0 || order[i].first != order[i - 1].first) {
        if (absl::Status status = writer.BeginSection(table, order[i].first); !status.ok()) return status;
      }
      const RowTable::Row& row = *order[i].second;
      if (absl::Status status = writer.AddRow(row.id, row.last_step, row.state, floats); !status.ok()) return status;
    }
  }
  // Chunks of one slot have to stand together.
  std::map<std::pair<uint32_t, uint32_t>, std::vector<size_t>> by_slot;
  for (size_t i = 0; i < shape_.chunks.size(); ++i) {
    const auto& chunk = shape_.chunks[i];
    by_slot[{chunk.table, SlotOfChunk(chunk.table, chunk.chunk, shape_.slots())}].push_back(i);
  }
  for (const auto& [place, chunks] : by_slot) {
    if (absl::Status status = writer.BeginSection(place.first, place.second); !status.ok()) return status;
    for (const size_t i : chunks) {
      absl::Status status = writer.AddDense(shape_.chunks[i].chunk, dense_[i].data(), shape_.chunks[i].floats,
                                            static_cast<uint32_t>(dense_[i].size()));
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status Shard::Load(const ModelFolder& checkpoint) {
  const v1::Manifest& manifest = checkpoint.manifest();
  bool fits = manifest.slots() == shape_.slots() && manifest.tables_size() == int(shape_.tables.size()) &&
              manifest.progress().version() == version_ && manifest.optimizer_slots_size() == optimizer_->slots();
  for (size_t i = 0; fits && i < shape_.tables.size(); ++i) {
    const v1::TableSpec &a = manifest.tables(i), &b = shape_.tables[i];
    fits = a.name() == b.name() && a.kind() == b.kind() && a.rows() == b.rows() && a.columns() == b.columns();
  }
  if (!fits) {
    return absl::FailedPreconditionError(
        absl::StrCat(checkpoint.folder(),
                     ": its tables, slots, optimizer or version are not those of the job that shall continue from it"));
  }
  const size_t copies = 1 + optimizer_->slots();
  size_t dense_seen = 0;
  for (uint32_t table = 0; table < shape_.tables.size(); ++table) {
    const size_t floats = shape_.tables[table].columns() * copies;
    for (uint32_t slot = 0; slot < shape_.slots(); ++slot) {
      if (!shape_.slot_is_ours[slot]) continue;
      const auto take_row = [&](uint64_t id, uint64_t last_step, const char* state) {
        bool inserted;
        RowTable::Row* row = rows_[table]->FindOrInsert(id, &inserted);
        row->last_step = last_step;
        std::memcpy(row->state, state, floats * sizeof(float));
      };
      const auto take_chunk = [&](uint32_t chunk, uint32_t, const char* state) {
        const int at = shape_.Find(table, chunk);
        if (at < 0) return;  // of another slot: the count below notices
        std::memcpy(dense_[at].data(), state, dense_[at].size() * sizeof(float));
        ++dense_seen;
      };
      absl::Status status = rows_[table] != nullptr ? checkpoint.VisitRows(table, slot, take_row)
                                                    : checkpoint.VisitDense(table, slot, take_chunk);
      if (!status.ok()) return status;
      // Once a slot, since counting the bytes takes time: a slot is a small part of a table.
      if (absl::Status full = CheckMemory(0); !full.ok()) return full;
    }
  }
  if (dense_seen != dense_.size())
    return absl::DataLossError(absl::StrCat(checkpoint.folder(), ": dense values are missing"));
  return absl::OkStatus();
}

}  // namespace pumasi
