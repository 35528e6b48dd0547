#include "server/row_table.h"

#include <algorithm>

namespace pumasi {
namespace {

// Small enough that a tiny table costs little, large enough that allocation does not count.
constexpr uint64_t kSlabBytes = 1 << 20;

uint64_t Hash(uint64_t id) {
  id *= 0x9e3779b97f4a7c15;  // 2^64 / golden ratio: neighbouring ids go far apart
  return id ^ (id >> 32);
}

}  // namespace

RowTable::RowTable(uint32_t floats)
    : floats_(floats), slab_rows_(std::max<uint64_t>(1, kSlabBytes / (sizeof(float) * floats))), index_(64, kEmpty) {}

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
  const uint64_t in_slab = rows_.size() % slab_rows_;
  if (in_slab == 0) slabs_.push_back(std::make_unique<float[]>(slab_rows_ * floats_));
  index_[place] = static_cast<uint32_t>(rows_.size());
  rows_.push_back({id, 0, slabs_.back().get() + in_slab * floats_});
  return &rows_.back();
}

void RowTable::Grow() {
  index_.assign(index_.size() * 2, kEmpty);
  for (uint32_t row = 0; row < rows_.size(); ++row) index_[Place(rows_[row].id)] = row;
}

uint64_t RowTable::bytes() const {
  return rows_.capacity() * sizeof(Row) + index_.size() * sizeof(uint32_t) +
         slabs_.size() * slab_rows_ * floats_ * sizeof(float);
}

}  // namespace pumasi
