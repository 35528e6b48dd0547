#include "server/slot.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "common/crc32c.h"
#include "common/planted_bug.h"
#include "ops/elastic_average.h"
#include "ops/initializer.h"
#include "ops/wire/value_codec.h"
#include "server/gradient_norms.h"
#include "server/pulled_rows.h"

namespace pumasi {

Slot::Slot(std::shared_ptr<const ParameterShape> shape, uint32_t number, uint32_t parts, int copies, uint64_t version,
           std::shared_ptr<MemoryAccount> memory)
    : shape_(std::move(shape)),
      number_(number),
      parts_(parts),
      copies_(copies),
      version_(version),
      steps_(version * shape_->StepsPerBatch(number)),
      tree_(parts, shape_->widths),
      shared_(shape_->chunks[number].size()),
      new_rows_(shape_->tables.size()),
      memory_(std::move(memory)),
      stored_(memory_, MemoryUse::kTables),
      promised_(memory_, MemoryUse::kTables),
      before_bytes_(memory_, MemoryUse::kBefore),
      gradient_bytes_(memory_, MemoryUse::kGradients) {
  for (uint32_t table = 0; table < shape_->tables.size(); ++table) {
    rows_.push_back(shape_->IsRows(table) ? std::make_unique<RowTable>(shape_->widths[table] * copies) : nullptr);
    if (rows_.back() != nullptr) stored_.Add(rows_.back()->bytes());
  }
  for (const ParameterShape::Chunk& chunk : shape_->chunks[number]) {
    dense_.emplace_back(size_t{chunk.floats} * copies);
    pieces_.push_back({chunk.table, chunk.chunk});
    // With the copy of the value that ShareDense gives out.
    stored_.Add(dense_.back().size() * sizeof(float) + ValueBytes(shape_->wire, 1, chunk.floats));
  }
  CountBatch();
}

PartTree::Coverage Slot::Covers(uint64_t version, PartRange range) const {
  if (version < version_ && !Planted(PlantedBug::kNoDedupe)) return PartTree::Coverage::kWhole;
  if (apart()) return CoversOpen(version, range);
  if (version <= version_) return tree_.Covers(range);
  const auto tree = ahead_.find(version);
  return tree == ahead_.end() ? PartTree::Coverage::kNone : tree->second.Covers(range);
}

void Slot::Insert(uint64_t version, PartRange range, Gradient&& gradient, NewRows rows) {
  if (Planted(PlantedBug::kArrivalOrder)) {
    if (arrived_.has_value()) {
      Add(*arrived_, std::move(gradient), shape_->widths);
    } else {
      arrived_ = std::move(gradient);
    }
    gradient = {};
    gradient.rows.resize(shape_->tables.size());
    gradient.dense.resize(dense_.size());
  }
  if (apart()) {
    OpenAt(version).wait.emplace(range.first, std::move(gradient));
  } else if (version <= version_) {
    tree_.Insert(range, std::move(gradient), RoundingOf(version_));
  } else {
    ahead_.try_emplace(version, parts_, shape_->widths)
        .first->second.Insert(range, std::move(gradient), RoundingOf(version));
  }
  AddNewRows(std::move(rows));
  CountBatch();
}

std::string Slot::Missing() const { return apart() ? MissingOpen() : tree_.Missing(); }

const std::vector<ExactSum>& Slot::Squares() {
  if (squares_.empty()) squares_ = GradientSquares(tree_.nodes().begin()->second.second, *shape_, number_);
  return squares_;
}

void Slot::Apply(const JobOptimizers& optimizers, const std::vector<float>& factors, std::string* log,
                 const PulledRows* pulled) {
  if (optimizers.elastic() != nullptr) return ApplyLanes(*optimizers.elastic());
  Gradient gradient = tree_.Take();
  if (arrived_.has_value()) gradient = *std::exchange(arrived_, std::nullopt);
  if (log != nullptr && Planted(PlantedBug::kLogBeforeNorms)) AppendToLog(gradient, std::exchange(log, nullptr));
  if (!factors.empty()) ScaleGradient(factors, *shape_, number_, &gradient);
  squares_.clear();
  // Now: the optimizer writes old values in its place.
  if (log != nullptr) AppendToLog(gradient, log);
  ApplyGradient(std::move(gradient), optimizers, pulled);
}

void Slot::ApplyGradient(Gradient gradient, const JobOptimizers& optimizers, const PulledRows* pulled) {
  before_ = Step(std::move(gradient), optimizers, pulled);
  ++version_;
  if (const auto next = ahead_.find(version_); next != ahead_.end()) {
    tree_ = std::move(next->second);
    ahead_.erase(next);
  }
  ForgetMadeRows();
  CountBatch();
}

Slot::Before Slot::Step(Gradient gradient, const JobOptimizers& optimizers, const PulledRows* pulled) {
  for (uint32_t table = 0; table < rows_.size(); ++table) {
    if (rows_[table] != nullptr) ApplyRows(table, gradient.rows[table], optimizers, pulled);
  }
  const uint64_t step = steps_ + 1;
  for (size_t i = 0; i < dense_.size(); ++i) {
    const ParameterShape::Chunk& chunk = shape_->chunks[number_][i];
    if (cut_ != nullptr) KeepForCut(i);
    std::vector<float> old(dense_[i].begin(), dense_[i].begin() + chunk.floats);
    if (gradient.dense[i].empty())
      gradient.dense[i].resize(chunk.floats);  // no part had rows: a zero gradient, a step all the same
    optimizers.of(chunk.table)
        .Apply(step, static_cast<int>(chunk.floats), gradient.dense[i].data(), dense_[i].data(),
               dense_[i].data() + chunk.floats);
    gradient.dense[i] = std::move(old);
  }
  steps_ = step;
  return {std::move(gradient.rows), std::move(gradient.dense), true};
}

void Slot::ForgetMadeRows() {
  for (size_t table = 0; table < new_rows_.size(); ++table) {
    std::vector<uint64_t>& rows = new_rows_[table];
    if (tree_.nodes().empty() && ahead_.empty() && open_.empty()) rows = {};
    std::erase_if(rows, [&](uint64_t id) { return std::as_const(*rows_[table]).Find(id) != nullptr; });
  }
}

void Slot::ApplyRows(uint32_t table, RowGradient& batch, const JobOptimizers& optimizers, const PulledRows* pulled) {
  if (batch.ids.empty()) return;
  RowTable& rows = *rows_[table];
  const Optimizer& optimizer = optimizers.job();
  const uint64_t step = steps_ + 1, bytes_before = rows.bytes();
  const int width = static_cast<int>(shape_->widths[table]);
  float* at = batch.values.data();
  std::vector<float> applied(width);
  const auto apply = [&](size_t i) {
    const uint64_t id = batch.ids[i];
    bool inserted;
    RowTable::Row* row = rows.FindOrInsert(id, &inserted);
    float* value = row->state;
    float* slots = value + width;
    if (inserted) {
      optimizer.InitSlots(width, slots);
    } else if (cut_ != nullptr) {
      KeepForCut(table, *row, rows.NumberOf(row));
    }
    const bool computed = inserted || (row->last_step < steps_ && !optimizer.still());
    const float* const known = computed && pulled != nullptr ? pulled->Find(table, id, version_) : nullptr;
    if (known != nullptr) {
      std::memcpy(value, known, width * sizeof(float));
      optimizer.MoveSlots(row->last_step, steps_, width, slots);
    } else {
      if (inserted) InitialRow(shape_->tables[table], id, value);
      optimizer.CatchUp(row->last_step, steps_, width, value, slots);
    }
    // The gradient's place takes the old value: it becomes before_.
    std::memcpy(applied.data(), at, width * sizeof(float));
    std::memcpy(at, value, width * sizeof(float));
    optimizer.Apply(step, width, applied.data(), value, slots);
    row->last_step = step;
    at += width;
  };
  ForEachFetched(
      batch.ids.size(), [&](size_t i) { return batch.ids[i]; }, [&](size_t) -> const RowTable& { return rows; }, apply);
  stored_.Add(rows.bytes() - bytes_before);
}

bool Slot::ReadRow(uint32_t table, uint64_t id, uint64_t version, const JobOptimizers& optimizers, const float* fresh,
                   float* value, PulledRows* pulled, std::optional<uint32_t> lane) const {
  const int width = static_cast<int>(shape_->widths[table]);
  const RowTable::Row* row = std::as_const(*rows_[table]).Find(id);
  if (version < version_ && !async() && !Planted(PlantedBug::kNoBefore)) {
    const RowGradient& before = before_.rows[table];
    const auto old = std::lower_bound(before.ids.begin(), before.ids.end(), id);
    if (old != before.ids.end() && *old == id) {
      const float* const state = before.values.data() + (old - before.ids.begin()) * width * copies_before();
      std::memcpy(value, state, width * sizeof(float));
      if (lane) AddLane(*lane, width, state + width, value);
      return row != nullptr;
    }
  }
  // (A row is later than `version` only where a bug is planted.)
  const uint64_t last = row != nullptr ? row->last_step : 0, to = std::max(async() ? steps_ : version, last);
  const bool computed = row == nullptr || (last < to && !optimizers.job().still());
  const float* const known = computed && pulled != nullptr ? pulled->Find(table, id, version) : nullptr;
  if (known != nullptr) {
    std::memcpy(value, known, width * sizeof(float));
    return row != nullptr;
  }
  if (row == nullptr) InitialRow(shape_->tables[table], id, value);
  const float* const from = row != nullptr ? row->state : value;
  const float* const slots = row != nullptr ? row->state + width : fresh;
  if (lane) {
    optimizers.elastic()->PeekLane(*lane, last, to, width, from, slots, value);
  } else {
    optimizers.job().Peek(last, to, width, from, slots, value);
  }
  if (computed && pulled != nullptr) pulled->Add(table, id, value);
  return row != nullptr;
}

const float* Slot::ReadDense(size_t chunk, uint64_t version) const {
  const bool before = version < version_ && !async() && !Planted(PlantedBug::kNoBefore);
  return before ? before_.dense[chunk].data() : dense_[chunk].data();
}

const Slot::SharedChunk& Slot::ShareDense(size_t chunk, uint64_t version, std::optional<uint32_t> lane) {
  SharedChunk& shared = shared_[chunk];
  if (async()) version = steps_;
  if (shared.block.data == nullptr || shared.version != version || shared.lane != lane) {
    const size_t floats = shape_->chunks[number_][chunk].floats;
    ValueWriter values(shape_->wire, 1, floats);
    const float* const state = async() ? dense_[chunk].data() : ReadDense(chunk, version);
    std::vector<float> own;
    if (lane) {
      own.assign(state, state + floats);
      AddLane(*lane, static_cast<int>(floats), state + floats, own.data());
    }
    values.Add(lane ? own.data() : state, floats);
    ByteBlock block = values.Take();
    const uint32_t crc32c = Crc32c(block);
    shared = {version, lane, std::move(block), crc32c};
  }
  return shared;
}

float* Slot::SetRow(uint32_t table, uint64_t id, uint64_t last_step) {
  const uint64_t bytes_before = rows_[table]->bytes();
  bool inserted;
  RowTable::Row* row = rows_[table]->FindOrInsert(id, &inserted);
  row->last_step = last_step;
  stored_.Add(rows_[table]->bytes() - bytes_before);
  return row->state;
}

}  // namespace pumasi
