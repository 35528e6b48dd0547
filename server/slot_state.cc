// Slot's way to another server: everything that it is made of as a message, and back.
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/planted_bug.h"
#include "server/slot.h"
#include "server/slot_values.h"

namespace pumasi {

v1::SlotState Slot::ToState(uint64_t since, const RateChanges& changes) const {
  v1::SlotState state;
  state.set_slot(number_);
  state.set_version(version_);
  state.set_since(since);
  for (uint32_t table = 0; table < rows_.size(); ++table) {
    if (rows_[table] == nullptr) continue;
    std::vector<const RowTable::Row*> order;
    for (const RowTable::Row& row : rows_[table]->rows()) {
      if (since == 0 || row.last_step > since) order.push_back(&row);
    }
    if (order.empty()) continue;
    std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
    v1::SlotState::Rows* rows = state.mutable_state()->add_rows();
    rows->set_table(table);
    const size_t row_bytes = row_floats(table) * sizeof(float);
    rows->mutable_floats()->reserve(order.size() * row_bytes);
    rows->mutable_deltas()->Reserve(static_cast<int>(order.size()));
    rows->mutable_last_steps()->Reserve(static_cast<int>(order.size()));
    DeltaWriter deltas(rows);
    for (const RowTable::Row* row : order) {
      deltas.Add(row->id);
      rows->add_last_steps(row->last_step);
      rows->mutable_floats()->append(reinterpret_cast<const char*>(row->state), row_bytes);
    }
  }
  // Whole, optimizer slots included. (With async `since` is 0 in what servers ask each other.)
  WriteValues({}, dense_, *shape_, number_, state.mutable_state());
  if (before_.valid && !Planted(PlantedBug::kFillLosesBefore)) {
    WriteValues(before_.rows, before_.dense, *shape_, number_, state.mutable_before());
  }
  if (!Planted(PlantedBug::kFillLosesNodes)) {
    AddNodes(&state);
  }
  *state.mutable_rate_changes() = {changes.begin(), changes.end()};
  return state;
}

void Slot::AddNodes(v1::SlotState* state) const {
  const auto add = [&](uint64_t version, PartRange range, const Gradient& gradient) {
    v1::SlotState::Node* out = state->add_nodes();
    out->set_ahead(static_cast<uint32_t>(version - version_));
    out->set_first_part(range.first);
    out->set_end_part(range.end);
    WriteValues(gradient.rows, gradient.dense, *shape_, number_, out->mutable_gradient());
  };
  for (const auto& [first, node] : tree_.nodes()) add(version_, node.first, node.second);
  for (const auto& [version, tree] : ahead_) {
    for (const auto& [first, node] : tree.nodes()) add(version, node.first, node.second);
  }
  for (const auto& [version, open] : open_) {
    for (const auto& [part, gradient] : open.wait) add(version, {part, part + 1}, gradient);
    if (open.count == 0) continue;
    v1::SlotState::Applied* applied = state->add_applied();
    applied->set_ahead(static_cast<uint32_t>(version - version_));
    for (uint32_t part = 0; part < parts_; ++part) {
      if (open.applied[part]) applied->add_parts(part);
    }
  }
}

uint64_t Slot::PartsOf(const v1::SlotState& state) {
  uint64_t parts = 0;
  for (const v1::SlotState::Applied& applied : state.applied()) parts += static_cast<uint64_t>(applied.parts_size());
  return parts;
}

absl::Status Slot::TakeRows(const v1::SlotState::Rows& rows, uint64_t since, uint64_t steps) {
  auto ids = ReadIds(rows, *shape_, number_, copies_, absl::StrCat("slot ", number_));
  if (!ids.ok()) return ids.status();
  if (rows.last_steps_size() != static_cast<int>(ids->size())) {
    return absl::InvalidArgumentError(absl::StrCat("slot ", number_, ": as many steps as rows are needed"));
  }
  const size_t row_bytes = row_floats(rows.table()) * sizeof(float);
  const char* from = rows.floats().data();
  for (size_t i = 0; i < ids->size(); ++i, from += row_bytes) {
    const uint64_t last_step = rows.last_steps(static_cast<int>(i));
    if (last_step > steps || (since != 0 && last_step <= since)) {
      return absl::InvalidArgumentError(absl::StrCat("slot ", number_, ": row ", (*ids)[i], " is of step ", last_step,
                                                     ", not of those from ", since, " to ", steps));
    }
    std::memcpy(SetRow(rows.table(), (*ids)[i], last_step), from, row_bytes);
  }
  return absl::OkStatus();
}

absl::Status Slot::TakeNode(const v1::SlotState::Node& node, uint64_t version) {
  const PartRange range{node.first_part(), node.end_part()};
  const bool fits = node.ahead() <= shape_->StalenessOf(number_) && (!apart() || range.size() == 1);
  if (!fits || !IsNode(range, parts_) || Covers(version + node.ahead(), range) != PartTree::Coverage::kNone) {
    return absl::InvalidArgumentError(absl::StrCat("slot ", number_, ": [", range.first, ", ", range.end,
                                                   ") is no node of the tree over ", parts_,
                                                   " parts, or is there twice"));
  }
  auto gradient =
      ReadValues(node.gradient(), *shape_, number_, 1, absl::StrCat("slot ", number_, ", ", ToString(range)));
  if (!gradient.ok()) return gradient.status();
  NewRows new_rows = FindNewRows(*gradient);
  Insert(version + node.ahead(), range, *std::move(gradient), std::move(new_rows));
  return absl::OkStatus();
}

absl::Status Slot::TakeApplied(const v1::SlotState::Applied& applied, uint64_t version) {
  bool fits = async() && applied.ahead() <= shape_->StalenessOf(number_);
  for (const uint32_t part : applied.parts()) {
    fits =
        fits && part < parts_ && CoversOpen(version + applied.ahead(), {part, part + 1}) == PartTree::Coverage::kNone;
    if (!fits) break;
    Open& open = OpenAt(version + applied.ahead());
    open.applied[part] = true;
    ++open.count;
  }
  if (fits) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("slot ", number_, ": parts of batch ", version + applied.ahead(),
                                                 " that were applied are none, or are there twice"));
}

absl::Status Slot::TakeState(const v1::SlotState& state) {
  const std::string what = absl::StrCat("slot ", number_);
  if (state.slot() != number_ || state.since() > state.version()) {
    return absl::InvalidArgumentError(absl::StrCat("the state of slot ", state.slot(), " from version ", state.since(),
                                                   " to ", state.version(), " is none of slot ", number_));
  }
  const uint64_t steps = state.version() * shape_->StepsPerBatch(number_) + PartsOf(state);
  for (const v1::SlotState::Rows& rows : state.state().rows()) {
    if (absl::Status status = TakeRows(rows, state.since(), steps); !status.ok()) return status;
  }
  std::vector<bool> seen(dense_.size());
  for (SharedChunk& shared : shared_) shared = {};
  for (const v1::DenseChunk& chunk : state.state().dense()) {
    const auto at = ReadPlace(chunk, *shape_, number_, copies_, what);
    if (!at.ok()) return at.status();
    std::memcpy(dense_[*at].data(), chunk.values().data(), chunk.values().size());
    seen[*at] = true;
  }
  if (std::find(seen.begin(), seen.end(), false) != seen.end()) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": dense values are missing"));
  }
  before_ = {};
  if (state.has_before()) {
    auto before = ReadValues(state.before(), *shape_, number_, copies_before(),
                             absl::StrCat(what, ", values before the last batch"));
    if (!before.ok()) return before.status();
    for (const std::vector<float>& chunk : before->dense) {
      if (chunk.empty()) return absl::InvalidArgumentError(absl::StrCat(what, ": old dense values are missing"));
    }
    before_ = {std::move(before->rows), std::move(before->dense), true};
  }
  tree_ = PartTree(parts_, shape_->widths);
  ahead_.clear();
  open_.clear();
  for (auto& rows : new_rows_) rows = {};
  squares_.clear();
  version_ = state.version();
  steps_ = steps;
  for (const v1::SlotState::Applied& applied : state.applied()) {
    if (absl::Status status = TakeApplied(applied, state.version()); !status.ok()) return status;
  }
  for (const v1::SlotState::Node& node : state.nodes()) {
    if (absl::Status status = TakeNode(node, state.version()); !status.ok()) return status;
  }
  CountBatch();
  return absl::OkStatus();
}

}  // namespace pumasi
