#include "server/row_table.h"

#include <algorithm>

namespace pumasi {
namespace {

// A slab is about a quarter of what is there already, so that many small tables cost little, and within these bounds.
constexpr uint64_t kFirstSlabBytes = 1 << 12;
constexpr uint64_t kSlabBytes = 1 << 20;

uint64_t Hash(uint64_t id) {
  id *= 0x9e3779b97f4a7c15;  // 2^64 / golden ratio: neighbouring ids go far apart
  return id ^ (id >> 32);
}

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

RowTable::Row* RowTable::FindOrInsert(uint64_t id, bool* inserted) {
  size_t place = Place(id);
  *inserted = index_[place] == kEmpty;
  if (!*inserted) return &rows_[index_[place]];
  if ((rows_.size() + 1) * 8 > index_.size() * 7) {
    Grow();
    place = Place(id);
  }
  if (free_rows_ == 0) AddSlab();
  index_[place] = static_cast<uint32_t>(rows_.size());
  rows_.push_back({id, 0, free_});
  free_ += floats_;
  --free_rows_;
  return &rows_.back();
}

void RowTable::AddSlab() {
  const uint64_t row_bytes = sizeof(float) * floats_;
  const uint64_t bytes = std::clamp(slab_rows_ * row_bytes / 4, kFirstSlabBytes, kSlabBytes);
  free_rows_ = std::max<uint64_t>(1, bytes / row_bytes);
  slab_rows_ += free_rows_;
  slabs_.push_back(std::make_unique<float[]>(free_rows_ * floats_));
  free_ = slabs_.back().get();
}

void RowTable::Grow() {
  index_.assign(index_.size() * 2, kEmpty);
  for (uint32_t row = 0; row < rows_.size(); ++row) index_[Place(rows_[row].id)] = row;
}

uint64_t RowTable::bytes() const {
  return rows_.capacity() * sizeof(Row) + index_.size() * sizeof(uint32_t) + slab_rows_ * floats_ * sizeof(float);
}

}  // namespace pumasi
