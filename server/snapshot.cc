#include "server/snapshot.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/planted_bug.h"

namespace pumasi {
namespace {

// What looking at one row costs, in bytes of a copy.
constexpr size_t kListBytes = 16;

// With the bug, a delta lacks the rows of its first batch.
uint64_t Since(uint64_t since) { return since > 0 && Planted(PlantedBug::kDeltaMissesRows) ? since + 1 : since; }

}  // namespace

Snapshot::Snapshot(Target target, std::shared_ptr<const ParameterShape> shape, std::vector<std::shared_ptr<Slot>> slots)
    : target_(std::move(target)),
      shape_(std::move(shape)),
      slots_(std::move(slots)),
      held_(slots_.empty() ? nullptr : slots_[0]->memory(), MemoryUse::kCheckpoint) {
  for (const auto& slot : slots_) slot->BeginCut(Since(target_.since));
  for (uint32_t table = 0; table < shape_->tables.size(); ++table) {
    for (size_t slot = 0; slot < slots_.size(); ++slot) {
      const auto& chunks = shape_->chunks[slots_[slot]->number()];
      const auto of_table = [&](const ParameterShape::Chunk& chunk) { return chunk.table == table; };
      // A section of rows may be empty: it says that there are none.
      const bool rows = shape_->IsRows(table) && shape_->space.HoldsRows(slots_[slot]->number());
      if (rows || std::any_of(chunks.begin(), chunks.end(), of_table)) {
        sections_.push_back({table, slot});
      }
    }
  }
  section_ = static_cast<size_t>(-1);
  NextSection();
}

void Snapshot::NextSection() {
  ++section_;
  entries_.clear();
  listed_ = written_ = copied_ = 0;
  if (section_ == sections_.size()) {
    stage_ = Stage::kFinish;
    return;
  }
  stage_ = Stage::kList;
  if (shape_->IsRows(section().table)) return;
  const auto& chunks = shape_->chunks[slot().number()];
  for (uint32_t i = 0; i < chunks.size(); ++i) {
    if (chunks[i].table == section().table) entries_.push_back({chunks[i].chunk, i});
  }
  stage_ = Stage::kSort;
}

void Snapshot::GiveUp(absl::Status why) {
  if (problem_.ok()) problem_ = std::move(why);
  EndCuts();
}

void Snapshot::Abandon() { GiveUp(absl::CancelledError(absl::StrCat(target_.folder, " is not wanted any more"))); }

void Snapshot::Copy(size_t budget) {
  CopySome(budget);
  if (problem_.ok() && target_.may_be_given_up && !slots_.empty() && !slots_[0]->memory()->Fits(0)) GiveUp(NoRoom());
  stopped_ = problem_;
  if (stopped_.ok()) return;
  entries_ = {};
  floats_ = {};
  last_steps_ = {};
  held_.Set(0);
}

void Snapshot::CopySome(size_t budget) {
  for (const auto& slot : slots_) {
    if (problem_.ok() && slot->cut()->no_room) GiveUp(NoRoom());
  }
  if (!problem_.ok()) return;
  if (stage_ == Stage::kList) {
    ListRows(budget);
  } else if (stage_ == Stage::kCopy) {
    shape_->IsRows(section().table) ? CopyRows(budget) : CopyDense(budget);
    stage_ = Stage::kWrite;
  }
  held_.Set(entries_.capacity() * sizeof(Entry) + floats_.capacity() * sizeof(float) +
            last_steps_.capacity() * sizeof(uint64_t));
}

absl::Status Snapshot::NoRoom() const {
  return absl::ResourceExhaustedError(absl::StrCat("memory_limit (", slots_[0]->memory()->limit(),
                                                   " bytes) leaves no room for a checkpoint beside training"));
}

void Snapshot::ListRows(size_t budget) {
  SlotCut& cut = *slot().cut();
  const SlotCut::Rows& kept = cut.rows[section().table];
  const auto& rows = slot().rows(section().table)->rows();
  const size_t end = std::min(kept.rows, listed_ + budget / kListBytes + 1);
  for (; listed_ < end; ++listed_) {
    const RowTable::Row& row = rows[listed_];
    const bool changed = row.last_step > cut.version;
    // What has changed since the cut and was wanted was kept.
    const bool wanted =
        changed ? kept.old.count(static_cast<uint32_t>(listed_)) > 0 : cut.since == 0 || row.last_step > cut.since;
    if (wanted || (changed && Planted(PlantedBug::kSnapshotWithoutCopies))) {
      entries_.push_back({row.id, static_cast<uint32_t>(listed_)});
    }
  }
  if (listed_ == kept.rows) stage_ = Stage::kSort;
}

void Snapshot::CopyRows(size_t budget) {
  SlotCut& cut = *slot().cut();
  SlotCut::Rows& kept = cut.rows[section().table];
  const auto& rows = slot().rows(section().table)->rows();
  const size_t floats = slot().row_floats(section().table);
  for (size_t used = 0; copied_ < entries_.size() && (used == 0 || used < budget); ++copied_) {
    const RowTable::Row& row = rows[entries_[copied_].number];
    const auto old = row.last_step > cut.version ? kept.old.find(entries_[copied_].number) : kept.old.end();
    const float* state = old == kept.old.end() ? row.state : old->second.state.data();
    last_steps_.push_back(old == kept.old.end() ? std::min(row.last_step, cut.version) : old->second.last_step);
    floats_.insert(floats_.end(), state, state + floats);
    used += floats * sizeof(float);
  }
  const bool all = copied_ == entries_.size();
  kept.unwritten_from = all ? SlotCut::kAllWritten : entries_[copied_].id;
  if (all) cut.DropRows(kept, floats);
}

void Snapshot::CopyDense(size_t budget) {
  SlotCut& cut = *slot().cut();
  for (size_t used = 0; copied_ < entries_.size() && (used == 0 || used < budget); ++copied_) {
    SlotCut::Dense& kept = cut.dense[entries_[copied_].number];
    const std::vector<float>& state = kept.old.empty() ? slot().dense(entries_[copied_].number) : kept.old;
    floats_.insert(floats_.end(), state.begin(), state.end());
    used += state.size() * sizeof(float);
    kept.written = true;
    cut.DropDense(kept);
  }
}

absl::Status Snapshot::OpenFile(Files& files, const FindFolder& find) {
  const auto output = find == nullptr ? target_.output : find(target_.output);
  if (!output.ok()) return output.status();
  const std::string path = absl::StrCat(*output, "/", target_.folder);
  if (absl::Status status = files.MakeFolder(path); !status.ok()) return status;
  auto writer = ShardWriter::Create(files, absl::StrCat(path, "/", target_.file));
  if (!writer.ok()) return writer.status();
  writer_ = *std::move(writer);
  return absl::OkStatus();
}

absl::Status Snapshot::Write(Files& files, const FindFolder& find) {
  if (!stopped_.ok()) return stopped_;
  if (writer_ == nullptr) {
    if (absl::Status status = OpenFile(files, find); !status.ok()) return status;
  }
  if (stage_ == Stage::kSort) {
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.id < b.id; });
    absl::Status status =
        writer_->BeginSection(section().table, shape_->space.InCheckpoint(slots_[section().slot]->number()));
    if (!status.ok()) return status;
    stage_ = Stage::kCopy;
  } else if (stage_ == Stage::kWrite) {
    if (absl::Status status = WriteCopied(); !status.ok()) return status;
    stage_ = Stage::kCopy;
    if (written_ == entries_.size()) NextSection();
  }
  if (stage_ != Stage::kFinish) return absl::OkStatus();
  auto info = writer_->Finish(target_.progress, target_.since);
  if (!info.ok()) return info.status();
  info_ = *info;
  stage_ = Stage::kDone;
  return absl::OkStatus();
}

absl::Status Snapshot::WriteCopied() {
  const bool rows = shape_->IsRows(section().table);
  const float* from = floats_.data();
  for (size_t i = 0; written_ < copied_; ++written_, ++i) {
    const Entry& entry = entries_[written_];
    const uint32_t number = slots_[section().slot]->number();
    const auto floats = static_cast<uint32_t>(rows ? slots_[section().slot]->row_floats(section().table)
                                                   : slots_[section().slot]->chunk_floats(entry.number));
    absl::Status status = rows ? writer_->AddRow(entry.id, last_steps_[i], from, floats)
                               : writer_->AddDense(static_cast<uint32_t>(entry.id), from,
                                                   shape_->chunks[number][entry.number].floats, floats);
    if (!status.ok()) return status;
    from += floats;
  }
  floats_.clear();
  last_steps_.clear();
  return absl::OkStatus();
}

void Snapshot::EndCuts() {
  for (const auto& slot : slots_) slot->EndCut();
}

}  // namespace pumasi
