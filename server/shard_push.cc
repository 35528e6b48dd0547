// Shard's side of pushes: parts are gathered to batches, and batches applied.
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "ops/initializer.h"
#include "ops/norm_clip.h"
#include "server/gradient_norms.h"
#include "server/shard.h"

namespace pumasi {

absl::Status Shard::Push(const v1::PushRequest& request, v1::PushResponse* response) {
  using D = v1::ErrorDetail;
  response->set_version(version_);
  const PartRange range{request.first_part(), request.end_part()};
  if (!IsNode(range, parts_)) {
    return Refuse(D::MALFORMED, absl::StrCat(ToString(range), " is no node of the tree over ", parts_, " parts"));
  }
  if (request.version() > version_) {
    return Refuse(D::NOT_READY, absl::StrCat("waits for ", WaitingFor()));
  }
  const bool applied = request.version() < version_ || waits_for_norms();
  const auto coverage = applied ? PartTree::Coverage::kWhole : tree_->Covers(range);
  if (coverage == PartTree::Coverage::kWhole) {
    response->set_outcome(v1::PushResponse::DUPLICATE);
    return absl::OkStatus();
  }
  if (coverage == PartTree::Coverage::kPartly) {
    return Refuse(D::PARTLY_APPLIED, absl::StrCat("some of ", ToString(range), " of batch ", version_, " was applied"));
  }
  auto gradient = ParseGradient(request, shape_);
  if (!gradient.ok()) {
    return Refuse(MessageProblem(gradient.status()),
                  absl::StrCat("batch ", version_, ", ", ToString(range), ": ", gradient.status().message()));
  }
  if (memory_limit_ > 0) {
    if (const uint64_t more = NewRowBytes(*gradient); more > 0) {
      if (absl::Status status = CheckMemory(more); !status.ok()) return status;
    }
  }
  if (absl::Status status = TakeRateChanges(request); !status.ok()) return status;
  tree_->Insert(range, *std::move(gradient));
  if (tree_->Complete()) {
    if (ClipsByNorm(optimizer_settings_)) {
      complete_ = tree_->Take();
      squares_ = GradientSquares(complete_, shape_);
    } else {
      Apply(tree_->Take());
    }
  }
  response->set_outcome(v1::PushResponse::ACCEPTED);
  response->set_version(version_);
  return absl::OkStatus();
}

absl::Status Shard::TakeRateChanges(const v1::PushRequest& request) {
  using D = v1::ErrorDetail;
  const auto& changes = request.rate_changes();
  const size_t known = rate_changes_.size(), given = changes.size();
  for (size_t i = 0; i < given; ++i) {
    const v1::RateChange& change = changes[static_cast<int>(i)];
    const bool fits =
        i < known ? change.from_step() == rate_changes_[i].from_step() && change.factor() == rate_changes_[i].factor()
                  : change.from_step() == version_ + 1;
    // Rates only fall, and once a batch at most.
    const double before = i == 0 ? 1 : changes[static_cast<int>(i) - 1].factor();
    if (!fits || i > known || !(change.factor() >= 0 && change.factor() < before)) {
      return Refuse(D::MALFORMED, absl::StrCat("batch ", version_, ": a change of the learning rate to ",
                                               change.factor(), " from step ", change.from_step(), " on does not fit"));
    }
  }
  if (given < known) {
    return Refuse(D::MALFORMED, absl::StrCat("batch ", version_, ": ", given, " changes of the learning rate, but ",
                                             known, " are known"));
  }
  return given == known ? absl::OkStatus() : SetRateChanges({changes.begin(), changes.end()});
}

absl::Status Shard::ApplyNorms(uint64_t version, const std::vector<double>& squares) {
  if (version != version_ || !waits_for_norms()) return absl::OkStatus();
  for (size_t table = 0; table < shape_.tables.size(); ++table) {
    if (table < squares.size() && std::isfinite(squares[table])) continue;
    return Refuse(v1::ErrorDetail::NOT_FINITE, absl::StrCat("batch ", version_, ": the gradient of ",
                                                            shape_.tables[table].name(), " has no finite norm"));
  }
  ScaleGradient(ClipFactors(optimizer_settings_, shape_.tables, squares), shape_, &complete_);
  squares_.clear();
  Apply(std::move(complete_));
  return absl::OkStatus();
}

void Shard::Apply(Gradient&& gradient) {
  const uint64_t step = version_ + 1;
  for (size_t table = 0; table < rows_.size(); ++table) {
    if (rows_[table] == nullptr) continue;
    RowGradient& batch = gradient.rows[table];
    const int width = static_cast<int>(shape_.tables[table].columns());
    float* at = batch.values.data();
    std::vector<float> applied(width);
    for (const uint64_t id : batch.ids) {
      bool inserted;
      RowTable::Row* row = rows_[table]->FindOrInsert(id, &inserted);
      float* value = row->state;
      float* slots = value + width;
      if (inserted) {
        InitialRow(shape_.tables[table], id, value);
        optimizer_->InitSlots(width, slots);
      }
      optimizer_->CatchUp(row->last_step, version_, width, value, slots);
      // The gradient's place takes the old value: it becomes before_.
      std::memcpy(applied.data(), at, width * sizeof(float));
      std::memcpy(at, value, width * sizeof(float));
      optimizer_->Apply(step, width, applied.data(), value, slots);
      row->last_step = step;
      at += width;
    }
  }
  for (size_t i = 0; i < dense_.size(); ++i) {
    const uint32_t floats = shape_.chunks[i].floats;
    std::vector<float> old(dense_[i].begin(), dense_[i].begin() + floats);
    if (gradient.dense[i].empty())
      gradient.dense[i].resize(floats);  // no part had rows: a zero gradient, a step all the same
    optimizer_of(shape_.chunks[i].table)
        .Apply(step, static_cast<int>(floats), gradient.dense[i].data(), dense_[i].data(), dense_[i].data() + floats);
    gradient.dense[i] = std::move(old);
  }
  before_ = {std::move(gradient.rows), std::move(gradient.dense), true};
  version_ = step;
}

}  // namespace pumasi
