// Slot's count of the memory that it takes, and will take.
#include <algorithm>
#include <iterator>
#include <utility>

#include "server/slot.h"

namespace pumasi {

void Slot::SetAside(bool aside) {
  stored_.SetUse(aside ? MemoryUse::kCopies : MemoryUse::kTables);
  promised_.SetUse(aside ? MemoryUse::kCopies : MemoryUse::kTables);
  before_bytes_.SetUse(aside ? MemoryUse::kCopies : MemoryUse::kBefore);
  gradient_bytes_.SetUse(aside ? MemoryUse::kCopies : MemoryUse::kGradients);
}

Slot::NewRows Slot::FindNewRows(const Gradient& gradient) const {
  NewRows found(rows_.size());
  // Only a limit has a use for it.
  if (memory_->limit() == 0) return found;
  for (size_t table = 0; table < rows_.size(); ++table) {
    if (rows_[table] == nullptr) continue;
    auto known = new_rows_[table].begin();
    for (const uint64_t id : gradient.rows[table].ids) {
      known = std::lower_bound(known, new_rows_[table].end(), id);
      if (known != new_rows_[table].end() && *known == id) continue;
      if (std::as_const(*rows_[table]).Find(id) == nullptr) found[table].push_back(id);
    }
  }
  return found;
}

uint64_t Slot::MemoryApart(const Gradient& gradient) const {
  uint64_t bytes = MemoryOf(gradient);
  // A lane's gradient can't give its place to what it replaces, which is all lanes'.
  for (size_t table = 0; shape_->lanes > 0 && table < gradient.rows.size(); ++table) {
    bytes +=
        gradient.rows[table].ids.size() * (row_floats(static_cast<uint32_t>(table)) * sizeof(float) + sizeof(uint64_t));
  }
  return bytes;
}

int64_t Slot::Growth(uint64_t version, PartRange range, const Gradient& gradient, const NewRows& rows) const {
  // (What is of a later batch, or waits, merges with nothing that matters: at most.)
  const bool merges = !apart() && version <= version_;
  const int64_t more = merges ? tree_.Growth(range, gradient) : static_cast<int64_t>(MemoryApart(gradient));
  int64_t growth = more * (logged_ ? 2 : 1);
  for (size_t table = 0; table < rows.size(); ++table) {
    if (rows[table].empty()) continue;
    const uint64_t known = new_rows_[table].size(), all = known + rows[table].size();
    growth += static_cast<int64_t>(rows_[table]->Growth(all) - rows_[table]->Growth(known) +
                                   rows[table].size() * sizeof(uint64_t));
  }
  return growth;
}

void Slot::AddNewRows(NewRows rows) {
  for (size_t table = 0; table < rows.size(); ++table) {
    if (rows[table].empty()) continue;
    std::vector<uint64_t>& known = new_rows_[table];
    std::vector<uint64_t> all;
    all.reserve(known.size() + rows[table].size());
    std::merge(known.begin(), known.end(), rows[table].begin(), rows[table].end(), std::back_inserter(all));
    known = std::move(all);
  }
}

void Slot::CountBatch() {
  uint64_t promised = 0, ids = 0, dense = 0;
  for (size_t table = 0; table < rows_.size(); ++table) {
    if (new_rows_[table].empty()) continue;
    promised += rows_[table]->Growth(new_rows_[table].size());
    ids += new_rows_[table].capacity() * sizeof(uint64_t);
  }
  for (const ParameterShape::Chunk& chunk : shape_->chunks[number_]) {
    dense += uint64_t{chunk.floats} * copies_before() * sizeof(float);
  }
  promised_.Set(promised);
  uint64_t gradients = tree_.bytes();
  for (const auto& [version, tree] : ahead_) gradients += tree.bytes();
  for (const auto& [version, open] : open_) {
    for (const auto& [part, gradient] : open.wait) gradients += MemoryApart(gradient);
  }
  gradient_bytes_.Set(gradients * (logged_ ? 2 : 1) + ids);
  // The first batch needs room for old dense values, too, also where its gradient has none.
  before_bytes_.Set(std::max(dense, MemoryOf(before_.rows, before_.dense)));
}

}  // namespace pumasi
