// Shard's way back from a checkpoint, whichever files hold its slots, and the log after it. (The way there:
// server/snapshot.h, Slot::Apply.)
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/push_log.h"
#include "common/planted_bug.h"
#include "server/shard.h"

namespace pumasi {

absl::Status Shard::Load(const ModelFolder& checkpoint) {
  const v1::Manifest& manifest = checkpoint.manifest();
  bool fits = manifest.slots() == shape_->space.of_each_kind() &&
              manifest.tables_size() == int(shape_->tables.size()) && manifest.progress().version() == first_version_ &&
              manifest.optimizer_slots_size() == optimizers_.job().slots();
  for (size_t i = 0; fits && i < shape_->tables.size(); ++i) {
    const v1::TableSpec &a = manifest.tables(i), &b = shape_->tables[i];
    fits = a.name() == b.name() && a.kind() == b.kind() && a.rows() == b.rows() && a.columns() == b.columns();
  }
  pulled_.Clear();
  if (!fits) {
    return absl::FailedPreconditionError(
        absl::StrCat(checkpoint.folder(),
                     ": its tables, slots, optimizer or version are not those of the job that shall continue from it"));
  }
  for (const auto& slot : slots_) {
    if (slot == nullptr) continue;
    if (absl::Status status = LoadSlot(checkpoint, *slot); !status.ok()) return status;
    // With the dense gradients of a batch, without which the job could not go on.
    if (absl::Status full = CheckMemory(memory_->bytes(MemoryUse::kBefore)); !full.ok()) return full;
  }
  return absl::OkStatus();
}

absl::Status Shard::LoadSlot(const ModelFolder& checkpoint, Slot& slot) {
  const uint32_t number = slot.number(), stored = shape_->space.InCheckpoint(number);
  size_t dense_seen = 0;
  for (uint32_t table = 0; table < shape_->tables.size(); ++table) {
    if (shape_->IsRows(table) && !shape_->space.HoldsRows(number)) continue;
    const size_t row_bytes = slot.row_floats(table) * sizeof(float);
    const auto take_row = [&](uint64_t id, uint64_t last_step, const char* state) {
      std::memcpy(slot.SetRow(table, id, last_step), state, row_bytes);
    };
    const auto take_chunk = [&](uint32_t chunk, uint32_t, const char* state) {
      const int at = shape_->Find(number, table, chunk);
      if (at < 0) return;  // of another slot: the count below notices
      std::memcpy(slot.dense(at).data(), state, slot.dense(at).size() * sizeof(float));
      ++dense_seen;
    };
    absl::Status status = shape_->IsRows(table) ? checkpoint.VisitRows(table, stored, take_row)
                                                : checkpoint.VisitDense(table, stored, take_chunk);
    if (!status.ok()) return status;
  }
  if (dense_seen == shape_->chunks[number].size()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(checkpoint.folder(), ": dense values of slot ", number, " are missing"));
}

absl::Status Shard::Replay(const PushLog& log, uint64_t to) {
  pulled_.Clear();
  for (const auto& slot : slots_) {
    if (slot == nullptr) continue;
    if (absl::Status status = ReplaySlot(log, to, *slot); !status.ok()) return status;
    if (absl::Status full = CheckMemory(0); !full.ok()) return full;
  }
  first_version_ = to;
  PassCut();
  return absl::OkStatus();
}

absl::Status Shard::ReplaySlot(const PushLog& log, uint64_t to, Slot& slot) {
  while (slot.version() < to) {
    auto batch = log.Find(slot.number(), slot.version());
    if (!batch.ok()) return batch.status();
    if (slot.version() + 1 == to && Planted(PlantedBug::kReplayStopsEarly)) {
      batch->rows.clear();
      batch->dense.clear();
    }
    if (absl::Status status = slot.Replay(*batch, optimizers_); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace pumasi
