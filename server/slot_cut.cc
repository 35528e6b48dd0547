// Slot's copies for a checkpoint that is being written.
#include "server/slot_cut.h"

#include "common/planted_bug.h"
#include "server/slot.h"

namespace pumasi {

void SlotCut::GiveUp() {
  no_room = true;
  for (Rows& kept : rows) kept.old = {};
  for (Dense& kept : dense) kept.old = {};
  bytes.Set(0);
}

void Slot::BeginCut(uint64_t since) {
  cut_ = std::make_unique<SlotCut>(memory_);
  cut_->version = steps_;
  cut_->since = since * shape_->StepsPerBatch(number_);
  cut_->rows.resize(rows_.size());
  for (size_t table = 0; table < rows_.size(); ++table) {
    if (rows_[table] != nullptr) cut_->rows[table].rows = rows_[table]->rows().size();
  }
  cut_->dense.resize(dense_.size());
}

bool Slot::RoomForCut(uint64_t bytes) {
  if (!memory_->Fits(bytes)) {
    cut_->GiveUp();
    return false;
  }
  cut_->bytes.Add(bytes);
  return true;
}

void Slot::KeepForCut(uint32_t table, const RowTable::Row& row, uint32_t number) {
  SlotCut::Rows& kept = cut_->rows[table];
  const bool wanted = cut_->since == 0 || row.last_step > cut_->since;
  if (number >= kept.rows || row.id < kept.unwritten_from || row.last_step > cut_->version || !wanted) return;
  const size_t floats = row_floats(table);
  if (cut_->no_room || Planted(PlantedBug::kSnapshotWithoutCopies) || !RoomForCut(SlotCut::RowBytes(floats))) return;
  kept.old.emplace(number, SlotCut::OldRow{row.last_step, std::vector<float>(row.state, row.state + floats)});
}

void Slot::KeepForCut(size_t chunk) {
  SlotCut::Dense& kept = cut_->dense[chunk];
  if (kept.written || !kept.old.empty() || cut_->no_room || Planted(PlantedBug::kSnapshotWithoutCopies)) return;
  if (RoomForCut(dense_[chunk].size() * sizeof(float))) kept.old = dense_[chunk];
}

}  // namespace pumasi
