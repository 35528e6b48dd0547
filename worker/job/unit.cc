#include "worker/job/unit.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <numeric>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/layout/part_range.h"
#include "common/layout/slots.h"
#include "ops/dropout.h"
#include "ops/tree/node_rounding.h"
#include "ops/tree/part_tree.h"
#include "ops/wire/job_wire.h"
#include "worker/input/epoch_order.h"
#include "worker/job/lanes.h"

namespace pumasi {
namespace {

// Rows [range) of the order `row_at` as a part.
template <typename RowAt>
Part ReadPart(const RowSource& source, const RowShape& shape, RowRange range, RowAt row_at) {
  PartBuilder part(shape);
  std::vector<uint32_t> tokens, labels;
  for (uint64_t i = range.first; i < range.end; ++i) {
    source.Get(row_at(i), &tokens, &labels);
    part.Add(tokens, labels);
  }
  return part.Take();
}

// The rows of `part` out of those of the unit: both are ascending.
std::vector<float> RowsOf(const Part& part, const PulledParameters& parameters, size_t width) {
  std::vector<float> rows(part.ids.size() * width);
  size_t from = 0;
  for (size_t i = 0; i < part.ids.size(); ++i) {
    while (parameters.ids[from] != part.ids[i]) ++from;
    std::memcpy(rows.data() + i * width, parameters.rows.data() + from * width, width * sizeof(float));
  }
  return rows;
}

v1::PartResult* AddResult(v1::UnitDone* done, uint32_t number, uint64_t samples) {
  v1::PartResult* result = done->add_parts();
  result->set_part(number);
  result->set_samples(samples);
  return result;
}

uint64_t RowsOfLane(const std::vector<Part>& batches) {
  return std::accumulate(batches.begin(), batches.end(), uint64_t{0},
                         [](uint64_t sum, const Part& batch) { return sum + batch.rows(); });
}

void AddConfusions(const PartOutcome& outcome, v1::UnitDone* done) {
  for (const auto& [pair, count] : outcome.confusions) {
    v1::Confusion* confusion = done->add_confusions();
    confusion->set_truth(pair.first);
    confusion->set_predicted(pair.second);
    confusion->set_count(count);
  }
}

template <typename Read>
absl::Status ReadLanes(const LanePlan& plan, const Read& read, const std::function<bool()>& after_batch, Unit* unit) {
  const v1::Lease& lease = unit->lease;
  for (uint32_t lane = lease.first_part(); lane < lease.end_part(); ++lane) {
    std::vector<Part>& batches = unit->lanes.emplace_back();
    for (uint64_t index = 0; plan.Batch(lease.batch(), lane, index).size() > 0; ++index) {
      batches.push_back(read(plan.Batch(lease.batch(), lane, index)));
      unit->ids.insert(unit->ids.end(), batches.back().ids.begin(), batches.back().ids.end());
      if (after_batch && !after_batch()) return absl::CancelledError("the unit was dropped");
    }
  }
  std::sort(unit->ids.begin(), unit->ids.end());
  unit->ids.erase(std::unique(unit->ids.begin(), unit->ids.end()), unit->ids.end());
  return absl::OkStatus();
}

// What the optimizer `count` adds up. `gradient`: with room for all tables.
void CountPart(const Part& part, const std::vector<v1::TableSpec>& tables, Gradient* gradient) {
  for (size_t table = 0; table < tables.size(); ++table) {
    if (tables[table].kind() != v1::TableSpec::ROWS) {
      gradient->dense[table].assign(DenseFloats(tables[table]), 1.0f);
      continue;
    }
    const size_t width = tables[table].columns();
    std::vector<float> counts(part.ids.size() * width);
    for (const uint32_t place : part.tokens) {
      for (size_t column = 0; column < width; ++column) counts[place * width + column] += 1;
    }
    gradient->rows[table] = {part.ids, std::move(counts)};
  }
}

uint32_t PartNumber(const Unit& unit, size_t index) { return unit.lease.first_part() + static_cast<uint32_t>(index); }

struct TableShape {
  explicit TableShape(const std::vector<v1::TableSpec>& tables) {
    for (size_t table = 0; table < tables.size(); ++table) {
      widths.push_back(tables[table].columns());
      if (tables[table].kind() == v1::TableSpec::ROWS) row_table = table;
    }
  }
  std::vector<uint32_t> widths;
  size_t row_table = 0;
};

// Which models have computed a part of a unit. Thread-safe.
class TrainedModels {
 public:
  // Whether it was there.
  bool Add(const Model& model) {
    std::lock_guard lock(mutex_);
    return !models_.insert(&model).second;
  }

 private:
  std::mutex mutex_;
  std::set<const Model*> models_;  // GUARDED_BY(mutex_)
};

// The gradient of one part; without any rows or values for an evaluation and for a part without rows.
absl::StatusOr<Gradient> ComputePart(const Unit& unit, size_t index, const PulledParameters& pulled,
                                     const WorkShape& shape, const std::vector<v1::TableSpec>& tables,
                                     const TableShape& table_shape, Model& model, TrainedModels* trained,
                                     PartOutcome* outcome) {
  const Part& part = unit.parts[index];
  Gradient gradient;
  gradient.rows.resize(tables.size());
  gradient.dense.resize(tables.size());
  if (part.rows() == 0) return gradient;
  const bool train = unit.lease.kind() == v1::TRAIN;
  if (train && shape.count) {
    CountPart(part, tables, &gradient);
    return gradient;
  }
  // The rows of a unit's only part are its own already.
  const bool alone = unit.parts.size() == 1;
  const std::vector<float> rows =
      alone ? std::vector<float>() : RowsOf(part, pulled, table_shape.widths[table_shape.row_table]);
  Parameters parameters;
  parameters.rows = alone ? pulled.rows.data() : rows.data();
  for (const auto& dense : pulled.dense) parameters.dense.push_back(dense.empty() ? nullptr : dense.data());
  if (!train) {
    if (absl::Status status = model.Evaluate(part, parameters, outcome); !status.ok()) return status;
    return gradient;
  }
  parameters.same_dense = trained->Add(model);
  PartGradients gradients;
  const DropoutKey dropout = {shape.seed, unit.lease.version(), PartNumber(unit, index)};
  if (absl::Status status = model.Train(part, parameters, unit.batch_rows, &gradients, outcome, dropout);
      !status.ok()) {
    return status;
  }
  gradient.dense = std::move(gradients.dense);
  gradient.rows[table_shape.row_table] = {part.ids, std::move(gradients.rows)};
  return gradient;
}

}  // namespace

WorkShape WorkShapeOf(const v1::Job& job, const v1::DataSummary& data) {
  WorkShape shape = {PlanOf(job, data.train_rows()), job.seed(),  RowShape::Of(job),
                     job.optimizer().has_count(),    WireOf(job), CodingOf(job)};
  if (Averages(job)) shape.lanes = {LanePlanOf(job, data.train_rows()), job.optimizer(), IsElastic(job)};
  shape.split = job.split();
  return shape;
}

absl::StatusOr<Unit> ReadUnit(const v1::Lease& lease, const WorkShape& shape, const RowSource& train,
                              const RowSource* test, const std::function<bool()>& after_batch) {
  Unit unit;
  unit.lease = lease;
  if (lease.kind() == v1::EVALUATE) {
    if (test == nullptr || lease.first_row() >= lease.end_row() || lease.end_row() > test->rows()) {
      return absl::InvalidArgumentError(
          absl::StrCat("lease of test rows ", lease.first_row(), "-", lease.end_row(), ": not there"));
    }
    unit.parts.push_back(
        ReadPart(*test, shape.rows, {lease.first_row(), lease.end_row()}, [](uint64_t i) { return i; }));
    unit.ids = unit.parts[0].ids;
    return unit;
  }
  const BatchPlan& plan = shape.plan;
  if (lease.kind() != v1::TRAIN || lease.batch() >= plan.BatchesPerEpoch() ||
      !IsNode({lease.first_part(), lease.end_part()}, plan.parts)) {
    return absl::InvalidArgumentError(absl::StrCat("lease of batch ", lease.batch(), ", parts ", lease.first_part(),
                                                   "-", lease.end_part(), ": the job has no such parts"));
  }
  if (shape.lanes && shape.lanes->elastic && lease.end_part() - lease.first_part() != 1) {
    return absl::InvalidArgumentError(absl::StrCat("lease of batch ", lease.batch(), ", lanes ", lease.first_part(),
                                                   "-", lease.end_part(), ": with elastic averaging each lane is ",
                                                   "leased alone"));
  }
  const EpochOrder order(plan, shape.seed, shape.split);
  const auto read = [&](RowRange rows) {
    return ReadPart(train, shape.rows, rows, [&](uint64_t i) { return order.Row(lease.epoch(), i); });
  };
  if (shape.lanes) {
    if (absl::Status status = ReadLanes(shape.lanes->plan, read, after_batch, &unit); !status.ok()) return status;
    return unit;
  }
  unit.batch_rows = plan.Batch(lease.batch()).size();
  for (uint32_t part = lease.first_part(); part < lease.end_part(); ++part) {
    unit.parts.push_back(read(plan.Part(lease.batch(), part)));
    const std::vector<uint64_t> before = std::move(unit.ids);
    unit.ids.clear();
    std::set_union(before.begin(), before.end(), unit.parts.back().ids.begin(), unit.parts.back().ids.end(),
                   std::back_inserter(unit.ids));
  }
  return unit;
}

absl::StatusOr<UnitResult> ComputeUnit(const Unit& unit, const PulledParameters& pulled, const WorkShape& shape,
                                       const std::vector<v1::TableSpec>& tables, DeviceTeam& devices,
                                       const std::function<bool()>& after_batch) {
  UnitResult result;
  result.lease = unit.lease;
  result.done.set_token(unit.lease.token());
  const TableShape table_shape(tables);
  const bool train = unit.lease.kind() == v1::TRAIN;
  const BatchRounding rounding(shape.wire, shape.seed, unit.lease.version());
  TrainedModels trained;
  std::mutex mutex;
  PartTree tree(shape.plan.parts, table_shape.widths);  // GUARDED_BY(mutex)
  std::vector<v1::PartResult*> results;                 // each is its part's alone
  const bool lanes = train && shape.lanes.has_value();
  const size_t count = lanes ? unit.lanes.size() : unit.parts.size();
  for (size_t i = 0; i < count; ++i) {
    const uint64_t samples = lanes ? RowsOfLane(unit.lanes[i]) : unit.parts[i].rows();
    results.push_back(AddResult(&result.done, PartNumber(unit, i), samples));
  }
  absl::Status status = devices.Run(count, [&](Model& model, size_t i) -> absl::Status {
    const uint32_t number = PartNumber(unit, i);
    PartOutcome outcome;
    auto gradient = lanes ? TrainLane(unit, i, pulled, shape, tables, model, after_batch, &outcome)
                          : ComputePart(unit, i, pulled, shape, tables, table_shape, model, &trained, &outcome);
    if (!gradient.ok()) {
      return absl::Status(gradient.status().code(),
                          absl::StrCat("epoch ", unit.lease.epoch(), ", batch ", unit.lease.batch(), ", part ", number,
                                       ": ", gradient.status().message()));
    }
    results[i]->set_loss(outcome.loss);
    results[i]->set_correct(outcome.correct);
    results[i]->set_top_k_correct(outcome.top_k_correct);
    const PartRange leaf = {number, number + 1};
    if (train) Round(NodeRounding(rounding, leaf), table_shape.widths, &*gradient);
    std::lock_guard lock(mutex);
    if (train) {
      // The tree adds in its own order, whichever part comes first.
      tree.Insert(leaf, *std::move(gradient), rounding);
    } else {
      AddConfusions(outcome, &result.done);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  if (train) result.gradient = tree.Take();
  return result;
}

}  // namespace pumasi
