#include "worker/job/lane_state.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/layout/slots.h"
#include "ops/exact_sum.h"
#include "ops/moving_average.h"
#include "ops/norm_clip.h"

namespace pumasi {
namespace {

void Scale(float factor, std::vector<float>* values) {
  if (factor == 1.0f) return;
  for (float& value : *values) value *= factor;
}

// (start - end) / lanes, in `start`.
void Differ(const std::vector<float>& end, double lanes, std::vector<float>* start) {
  for (size_t i = 0; i < end.size(); ++i) {
    (*start)[i] = static_cast<float>((static_cast<double>((*start)[i]) - end[i]) / lanes);
  }
}

}  // namespace

absl::StatusOr<LaneState> LaneState::Create(const v1::Optimizer& settings, const std::vector<v1::TableSpec>& tables,
                                            uint64_t batches_before, const RateChanges& changes, Values values) {
  LaneState lane;
  auto optimizer = MakeOptimizer(settings, changes, {.before = batches_before});
  if (!optimizer.ok()) return optimizer.status();
  lane.optimizer_ = *std::move(optimizer);
  lane.settings_ = settings;
  lane.tables_ = tables;
  lane.values_ = std::move(values);
  lane.start_ = lane.values_;
  const int slots = lane.optimizer_->slots();
  for (size_t table = 0; table < tables.size(); ++table) {
    const v1::TableSpec& spec = tables[table];
    const bool average = spec.update() == v1::TableSpec::MOVING_AVERAGE;
    lane.averages_.push_back(average ? std::make_unique<MovingAverage>(spec.momentum(), lane.optimizer_->slot_names())
                                     : nullptr);
    std::vector<float>& dense_slots = lane.dense_slots_.emplace_back();
    if (spec.kind() == v1::TableSpec::ROWS) {
      lane.row_table_ = table;
      lane.width_ = spec.columns();
      continue;
    }
    const size_t floats = lane.values_.dense[table].size();
    dense_slots.resize(floats * slots);
    lane.optimizer_->InitSlots(static_cast<int>(floats), dense_slots.data());
  }
  const size_t rows = lane.values_.ids.size(), row_slots = slots * lane.width_;
  lane.row_slots_.resize(rows * row_slots);
  lane.last_steps_.resize(rows);
  for (size_t row = 0; row < rows; ++row) {
    lane.optimizer_->InitSlots(static_cast<int>(lane.width_), lane.row_slots_.data() + row * row_slots);
  }
  return lane;
}

size_t LaneState::PlaceOf(uint64_t id, size_t from) const {
  return std::lower_bound(values_.ids.begin() + static_cast<std::ptrdiff_t>(from), values_.ids.end(), id) -
         values_.ids.begin();
}

void LaneState::ReadRows(const std::vector<uint64_t>& ids, float* out) const {
  const size_t row_slots = optimizer_->slots() * width_;
  size_t row = 0;
  for (const uint64_t id : ids) {
    row = PlaceOf(id, row);
    optimizer_->Peek(last_steps_[row], step_, static_cast<int>(width_), values_.rows.data() + row * width_,
                     row_slots_.data() + row * row_slots, out);
    out += width_;
  }
}

void LaneState::Clip(Gradient* gradient) const {
  if (!ClipsByNorm(settings_)) return;
  std::vector<double> squares;
  for (size_t table = 0; table < tables_.size(); ++table) {
    ExactSum sum;
    const std::vector<float>& dense = gradient->dense[table];
    for (size_t i = 0; i < dense.size(); i += kChunkFloats) {
      sum.Add(SumOfSquares(std::min<size_t>(kChunkFloats, dense.size() - i), dense.data() + i));
    }
    const RowGradient& rows = gradient->rows[table];
    for (size_t row = 0; row < rows.ids.size(); ++row) {
      sum.Add(SumOfSquares(width_, rows.values.data() + row * width_));
    }
    squares.push_back(sum.Value());
  }
  const std::vector<float> factors = ClipFactors(settings_, tables_, squares);
  for (size_t table = 0; table < tables_.size(); ++table) {
    Scale(factors[table], &gradient->dense[table]);
    Scale(factors[table], &gradient->rows[table].values);
  }
}

void LaneState::Apply(Gradient gradient) {
  Clip(&gradient);
  ++step_;
  const int width = static_cast<int>(width_);
  const size_t row_slots = optimizer_->slots() * width_;
  const RowGradient& rows = gradient.rows[row_table_];
  size_t row = 0;
  for (size_t i = 0; i < rows.ids.size(); ++i) {
    row = PlaceOf(rows.ids[i], row);
    float* const value = values_.rows.data() + row * width_;
    float* const slots = row_slots_.data() + row * row_slots;
    optimizer_->CatchUp(last_steps_[row], step_ - 1, width, value, slots);
    optimizer_->Apply(step_, width, rows.values.data() + i * width_, value, slots);
    last_steps_[row] = step_;
  }
  for (size_t table = 0; table < tables_.size(); ++table) {
    std::vector<float>& values = values_.dense[table];
    if (values.empty()) continue;
    gradient.dense[table].resize(values.size());
    const Optimizer& optimizer = averages_[table] ? *averages_[table] : *optimizer_;
    optimizer.Apply(step_, static_cast<int>(values.size()), gradient.dense[table].data(), values.data(),
                    dense_slots_[table].data());
  }
}

Gradient LaneState::Take(uint32_t lanes) {
  ReadRows(values_.ids, values_.rows.data());
  Gradient sum;
  sum.rows.resize(tables_.size());
  sum.dense.resize(tables_.size());
  for (size_t table = 0; table < tables_.size(); ++table) {
    std::vector<float>& start = start_.dense[table];
    // Neither rises nor falls: the mean of what the lanes have.
    if (averages_[table]) std::fill(start.begin(), start.end(), 0.0f);
    Differ(values_.dense[table], averages_[table] ? -static_cast<double>(lanes) : lanes, &start);
    sum.dense[table] = std::move(start);
  }
  Differ(values_.rows, lanes, &start_.rows);
  if (!values_.ids.empty()) sum.rows[row_table_] = {std::move(start_.ids), std::move(start_.rows)};
  return sum;
}

}  // namespace pumasi
