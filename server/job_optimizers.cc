#include "server/job_optimizers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/moving_average.h"
#include "ops/norm_clip.h"

namespace pumasi {
namespace {

bool Same(const v1::RateChange& a, const v1::RateChange& b) {
  return a.from_step() == b.from_step() && a.factor() == b.factor();
}

}  // namespace

absl::StatusOr<JobOptimizers> JobOptimizers::Create(const v1::Optimizer& settings,
                                                    const std::vector<v1::TableSpec>& tables, RateChanges changes,
                                                    uint64_t steps_per_batch, bool averages, uint64_t staleness,
                                                    bool dense_in_step, ElasticRule elastic) {
  JobOptimizers made;
  made.steps_per_batch_ = steps_per_batch;
  made.staleness_ = staleness;
  made.settings_ = settings;
  made.tables_ = tables;
  made.averages_rounds_ = averages;
  made.dense_in_step_ = dense_in_step;
  made.elastic_rule_ = elastic;
  if (absl::Status status = made.Make(std::move(changes)); !status.ok()) return status;
  return made;
}

absl::Status JobOptimizers::Make(RateChanges changes) {
  const auto make = [&](uint64_t per_batch) {
    return MakeOptimizer(settings_, averages_rounds_ ? RateChanges() : changes, {.per_batch = per_batch});
  };
  auto optimizer = make(steps_per_batch_);
  if (!optimizer.ok()) return optimizer.status();
  optimizer_ = *std::move(optimizer);
  if (elastic_rule_.lanes > 0) {
    auto elastic = std::make_unique<ElasticAverage>(elastic_rule_.lanes, elastic_rule_.share);
    elastic_ = elastic.get();
    optimizer_ = std::move(elastic);
  }
  if (dense_in_step_ && steps_per_batch_ > 1) {
    auto dense = make(1);
    if (!dense.ok()) return dense.status();
    dense_optimizer_ = *std::move(dense);
  }
  changes_ = std::move(changes);
  averages_.clear();
  for (const v1::TableSpec& spec : tables_) {
    const bool statistic = spec.update() == v1::TableSpec::MOVING_AVERAGE;
    const double momentum = averages_rounds_ ? 0 : spec.momentum();
    averages_.push_back(statistic ? std::make_unique<MovingAverage>(momentum, optimizer_->slot_names()) : nullptr);
  }
  return absl::OkStatus();
}

bool JobOptimizers::clips_by_norm() const { return ClipsByNorm(settings_); }

RateChanges JobOptimizers::ChangesUpTo(uint64_t version) const {
  RateChanges some;
  for (const v1::RateChange& change : changes_) {
    if (change.from_step() <= version + 1) some.push_back(change);
  }
  return some;
}

absl::Status JobOptimizers::Check(uint64_t version, const RateChanges& changes) const {
  const RateChanges known = ChangesUpTo(version);
  for (size_t i = 0; i < changes.size(); ++i) {
    // In sync the first push of a change is of its first batch.
    const uint64_t from = changes[i].from_step(), step = version + 1;
    const bool fits = i < known.size() ? Same(changes[i], known[i]) : from <= step && step - from <= staleness_;
    // Rates only fall, and once a batch at most.
    const double before = i == 0 ? 1 : changes[i - 1].factor();
    if (!fits || i > known.size() || !(changes[i].factor() >= 0 && changes[i].factor() < before)) {
      return absl::InvalidArgumentError(absl::StrCat("batch ", version, ": a change of the learning rate to ",
                                                     changes[i].factor(), " from step ", changes[i].from_step(),
                                                     " on does not fit"));
    }
  }
  if (changes.size() < known.size()) {
    return absl::InvalidArgumentError(absl::StrCat("batch ", version, ": ", changes.size(),
                                                   " changes of the learning rate, but ", known.size(), " are known"));
  }
  return absl::OkStatus();
}

absl::Status JobOptimizers::Take(const RateChanges& changes) {
  const size_t common = std::min(changes.size(), changes_.size());
  if (!std::equal(changes.begin(), changes.begin() + common, changes_.begin(), Same)) {
    return absl::InvalidArgumentError("changes of the learning rate contradict those known");
  }
  return changes.size() <= changes_.size() ? absl::OkStatus() : Make(changes);
}

}  // namespace pumasi
