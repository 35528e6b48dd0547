#include "server/row_table.h"

#include <algorithm>

namespace pumasi {
namespace {

// A slab is about a quarter of what is there already, so that many small tables cost little, and within these bounds.
constexpr uint64_t kFirstSlabBytes = 1 << 12;
constexpr uint64_t kSlabBytes = 1 << 20;

}  // namespace

RowTable::RowTable(uint32_t floats) : floats_(floats), index_(64, kEmpty) {}

size_t RowTable::Place(uint64_t id) const {
  const size_t mask = index_.size() - 1;
  size_t place = Hash(id) & mask;
  while (index_[place] != kEmpty && rows_[index_[place]].id != id) place = (place + 1) & mask;
  return place;
}

const RowTable::Row* RowTable::Find(uint64_t id) const {
  const uint32_t row = index_[Place(id)];
  return row == kEmpty ? nullptr : &rows_[row];
}

void RowTable::FetchRow(uint64_t id) const {
  // Where others stand between, Find looks at their rows, too; but mostly none do.
  const uint32_t row = index_[Hash(id) & (index_.size() - 1)];
  if (row != kEmpty) __builtin_prefetch(&rows_[row]);
}

void RowTable::FetchState(uint64_t id) const {
  // The processor foresees the rest of a row from its beginning.
  constexpr uint32_t kLine = 16, kLines = 4;
  const Row* row = Find(id);
  if (row == nullptr) return;
  for (uint32_t i = 0; i < kLines * kLine && i < floats_; i += kLine) __builtin_prefetch(row->state + i);
}

RowTable::Row* RowTable::FindOrInsert(uint64_t id, bool* inserted) {
  size_t place = Place(id);
  *inserted = index_[place] == kEmpty;
  if (!*inserted) return &rows_[index_[place]];
  if ((rows_.size() + 1) * 8 > index_.size() * 7) {
    Grow();
    place = Place(id);
  }
  if (free_rows_ == 0) AddSlab();
  if (rows_.size() == rows_.capacity()) rows_.reserve(std::max<size_t>(1, 2 * rows_.size()));
  index_[place] = static_cast<uint32_t>(rows_.size());
  rows_.push_back({id, 0, free_});
  free_ += floats_;
  --free_rows_;
  return &rows_.back();
}

uint64_t RowTable::NextSlab(uint64_t rows) const {
  const uint64_t row_bytes = sizeof(float) * floats_;
  const uint64_t bytes = std::clamp(rows * row_bytes / 4, kFirstSlabBytes, kSlabBytes);
  return std::max<uint64_t>(1, bytes / row_bytes);
}

void RowTable::AddSlab() {
  free_rows_ = NextSlab(slab_rows_);
  slab_rows_ += free_rows_;
  slabs_.push_back(std::make_unique<float[]>(free_rows_ * floats_));
  free_ = slabs_.back().get();
}

void RowTable::Grow() {
  index_.assign(index_.size() * 2, kEmpty);
  for (uint32_t row = 0; row < rows_.size(); ++row) index_[Place(rows_[row].id)] = row;
}

uint64_t RowTable::Growth(uint64_t rows) const {
  const uint64_t all = rows_.size() + rows;
  uint64_t capacity = rows_.capacity(), index = index_.size(), places = slab_rows_;
  while (capacity < all) capacity = std::max<uint64_t>(1, 2 * capacity);
  while (all * 8 > index * 7) index *= 2;
  while (places < all) places += NextSlab(places);
  return (capacity - rows_.capacity()) * sizeof(Row) + (index - index_.size()) * sizeof(uint32_t) +
         (places - slab_rows_) * floats_ * sizeof(float);
}

uint64_t RowTable::bytes() const {
  return rows_.capacity() * sizeof(Row) + index_.size() * sizeof(uint32_t) + slab_rows_ * floats_ * sizeof(float);
}

}  // namespace pumasi
