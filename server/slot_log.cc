// Slot's way into the log of applied gradients, and back.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/checkpoint/push_log.h"
#include "server/slot.h"

namespace pumasi {

void Slot::AppendToLog(const Gradient& gradient, std::string* log) const {
  LoggedBatch batch;
  batch.version = version_;
  batch.slot = number_;
  for (uint32_t table = 0; table < gradient.rows.size(); ++table) {
    const RowGradient& rows = gradient.rows[table];
    if (rows.ids.empty()) continue;
    batch.rows.push_back({table, shape_->widths[table], rows.ids.size(), rows.ids.data(), rows.values.data()});
  }
  // A chunk that no part has a gradient of is not there: it means zeros.
  for (size_t i = 0; i < gradient.dense.size(); ++i) {
    if (gradient.dense[i].empty()) continue;
    const ParameterShape::Chunk& chunk = shape_->chunks[number_][i];
    batch.dense.push_back({chunk.table, chunk.chunk, chunk.floats, gradient.dense[i].data()});
  }
  AppendRecord(batch, log);
}

absl::StatusOr<Gradient> Slot::ReadLogged(const LoggedBatch& batch) const {
  const auto refused = [&](uint32_t table, absl::string_view what) {
    return absl::DataLossError(absl::StrCat("the log's batch ", batch.version, " of slot ", batch.slot, ", table ",
                                            table, ": ", what, ": it is of another job"));
  };
  Gradient gradient;
  gradient.rows.resize(shape_->tables.size());
  gradient.dense.resize(dense_.size());
  for (const LoggedBatch::Rows& rows : batch.rows) {
    if (!shape_->IsRows(rows.table) || rows.width != shape_->widths[rows.table]) {
      return refused(rows.table, absl::StrCat("there is no table of rows of width ", rows.width));
    }
    RowGradient& to = gradient.rows[rows.table];
    if (!to.ids.empty()) return refused(rows.table, "its rows are there twice");
    to.ids.assign(rows.ids, rows.ids + rows.rows);
    to.values.assign(rows.values, rows.values + rows.rows * rows.width);
    for (size_t i = 0; i < to.ids.size(); ++i) {
      if (i > 0 && to.ids[i] <= to.ids[i - 1]) return refused(rows.table, "its rows do not ascend");
      const bool ours =
          to.ids[i] < shape_->tables[rows.table].rows() && shape_->space.OfRow(rows.table, to.ids[i]) == number_;
      if (!ours) return refused(rows.table, absl::StrCat("row ", to.ids[i], " is none of the slot's"));
    }
  }
  for (const LoggedBatch::Chunk& chunk : batch.dense) {
    const int at = shape_->Find(number_, chunk.table, chunk.chunk);
    if (at < 0 || chunk.floats != shape_->chunks[number_][at].floats) {
      return refused(chunk.table, absl::StrCat("chunk ", chunk.chunk, " of ", chunk.floats, " floats does not fit"));
    }
    gradient.dense[at].assign(chunk.values, chunk.values + chunk.floats);
  }
  return gradient;
}

absl::Status Slot::Replay(const LoggedBatch& batch, const JobOptimizers& optimizers) {
  if (batch.slot != number_ || batch.version != version_) {
    return absl::DataLossError(absl::StrCat("batch ", batch.version, " of slot ", batch.slot,
                                            " can't be applied to slot ", number_, " at version ", version_));
  }
  auto gradient = ReadLogged(batch);
  if (!gradient.ok()) return gradient.status();
  ApplyGradient(*std::move(gradient), optimizers, nullptr);
  before_ = {};
  CountBatch();
  return absl::OkStatus();
}

}  // namespace pumasi
