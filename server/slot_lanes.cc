// Slot with elastic averaging: a batch is a round, and each of its parts a lane with values of its own.
#include <algorithm>
#include <cstring>
#include <utility>

#include "ops/elastic_average.h"
#include "ops/initializer.h"
#include "server/slot.h"

namespace pumasi {
namespace {

// The ids that any lane has, ascending, each once.
std::vector<uint64_t> IdsOf(const std::map<uint32_t, Gradient>& lanes, uint32_t table) {
  std::vector<uint64_t> ids;
  for (const auto& [lane, gradient] : lanes) {
    ids.insert(ids.end(), gradient.rows[table].ids.begin(), gradient.rows[table].ids.end());
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace

bool Slot::LanesIn() const {
  const auto open = open_.find(version_);
  return open != open_.end() && open->second.wait.size() == parts_;
}

void Slot::ApplyLanes(const ElasticAverage& elastic) {
  const std::map<uint32_t, Gradient> lanes = std::move(open_.extract(version_).mapped().wait);
  before_ = {};  // in whose place is room for what this batch replaces
  Before before;
  before.rows.resize(rows_.size());
  for (uint32_t table = 0; table < rows_.size(); ++table) {
    if (rows_[table] != nullptr) before.rows[table] = ApplyLanesRows(table, lanes, elastic);
  }
  std::vector<float> gradient;
  for (size_t i = 0; i < dense_.size(); ++i) {
    const size_t floats = shape_->chunks[number_][i].floats;
    if (cut_ != nullptr) KeepForCut(i);
    before.dense.push_back(dense_[i]);
    gradient.assign(floats * parts_, 0.0f);
    for (const auto& [lane, all] : lanes) {
      std::copy(all.dense[i].begin(), all.dense[i].end(),
                gradient.begin() + static_cast<std::ptrdiff_t>(lane * floats));
    }
    float* const value = dense_[i].data();
    elastic.Apply(steps_ + 1, static_cast<int>(floats), gradient.data(), value, value + floats);
  }
  before.valid = true;
  before_ = std::move(before);
  ++steps_;
  ++version_;
  ForgetMadeRows();
  CountBatch();
}

RowGradient Slot::ApplyLanesRows(uint32_t table, const std::map<uint32_t, Gradient>& lanes,
                                 const ElasticAverage& elastic) {
  RowTable& rows = *rows_[table];
  const uint64_t bytes_before = rows.bytes();
  const size_t width = shape_->widths[table], floats = row_floats(table);
  const int columns = static_cast<int>(width);
  RowGradient old;
  old.ids = IdsOf(lanes, table);
  old.values.resize(old.ids.size() * floats);
  std::vector<float> gradient(width * parts_);
  std::vector<size_t> next(parts_);  // by lane: the first of its rows that was not met
  const auto apply = [&](size_t i) {
    const uint64_t id = old.ids[i];
    bool inserted;
    RowTable::Row* row = rows.FindOrInsert(id, &inserted);
    float* const value = row->state;
    float* const slots = value + width;
    if (inserted) {
      elastic.InitSlots(columns, slots);
      InitialRow(shape_->tables[table], id, value);
    } else if (cut_ != nullptr) {
      KeepForCut(table, *row, rows.NumberOf(row));
    }
    elastic.CatchUp(row->last_step, steps_, columns, value, slots);
    std::memcpy(old.values.data() + i * floats, value, floats * sizeof(float));
    std::fill(gradient.begin(), gradient.end(), 0.0f);
    for (const auto& [lane, all] : lanes) {
      const RowGradient& mine = all.rows[table];
      size_t& at = next[lane];
      if (at == mine.ids.size() || mine.ids[at] != id) continue;
      std::memcpy(gradient.data() + lane * width, mine.values.data() + at * width, width * sizeof(float));
      ++at;
    }
    elastic.Apply(steps_ + 1, columns, gradient.data(), value, slots);
    row->last_step = steps_ + 1;
  };
  ForEachFetched(
      old.ids.size(), [&](size_t i) { return old.ids[i]; }, [&](size_t) -> const RowTable& { return rows; }, apply);
  stored_.Add(rows.bytes() - bytes_before);
  return old;
}

}  // namespace pumasi
