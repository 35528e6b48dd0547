#include "worker/job/lanes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "worker/job/lane_state.h"

namespace pumasi {
namespace {

// The change of the rate that holds in the round, as of its first step.
RateChanges ChangesOf(const v1::Lease& lease) {
  RateChanges holds;
  for (const v1::RateChange& change : lease.rate_changes()) {
    if (change.from_step() > lease.version() + 1) continue;
    holds = {change};
    holds[0].set_from_step(1);
  }
  return holds;
}

// What the lane has of what the unit pulled.
LaneState::Values ValuesOf(const std::vector<Part>& batches, const PulledParameters& pulled) {
  LaneState::Values values;
  values.dense = pulled.dense;
  for (const Part& batch : batches) values.ids.insert(values.ids.end(), batch.ids.begin(), batch.ids.end());
  std::sort(values.ids.begin(), values.ids.end());
  values.ids.erase(std::unique(values.ids.begin(), values.ids.end()), values.ids.end());
  if (values.ids.empty()) return values;
  const size_t width = pulled.rows.size() / pulled.ids.size();
  values.rows.resize(values.ids.size() * width);
  size_t from = 0;
  for (size_t i = 0; i < values.ids.size(); ++i) {
    while (pulled.ids[from] != values.ids[i]) ++from;
    std::memcpy(values.rows.data() + i * width, pulled.rows.data() + from * width, width * sizeof(float));
  }
  return values;
}

}  // namespace

absl::StatusOr<Gradient> TrainLane(const Unit& unit, size_t index, const PulledParameters& pulled,
                                   const WorkShape& shape, const std::vector<v1::TableSpec>& tables, Model& model,
                                   const std::function<bool()>& after_batch, PartOutcome* outcome) {
  const std::vector<Part>& batches = unit.lanes[index];
  if (batches.empty())
    return Gradient{std::vector<RowGradient>(tables.size()), std::vector<std::vector<float>>(tables.size())};
  const LanePlan& plan = shape.lanes->plan;
  const v1::Lease& lease = unit.lease;
  const uint64_t before = plan.BatchesBefore(lease.version());
  auto state = LaneState::Create(shape.lanes->optimizer, tables, before, ChangesOf(lease), ValuesOf(batches, pulled));
  if (!state.ok()) return state.status();
  size_t row_table = 0;
  for (size_t table = 0; table < tables.size(); ++table) {
    if (tables[table].kind() == v1::TableSpec::ROWS) row_table = table;
  }
  const size_t width = tables[row_table].columns();
  std::vector<float> rows;
  for (size_t i = 0; i < batches.size(); ++i) {
    const Part& batch = batches[i];
    rows.resize(batch.ids.size() * width);
    state->ReadRows(batch.ids, rows.data());
    Parameters parameters;
    parameters.rows = rows.data();
    for (size_t table = 0; table < tables.size(); ++table) {
      const std::vector<float>& dense = state->dense(table);
      parameters.dense.push_back(dense.empty() ? nullptr : dense.data());
    }
    PartGradients gradients;
    PartOutcome one;
    // Batches of a lane are told apart as the job's are elsewhere, by how many were before.
    const DropoutKey dropout = {shape.seed, before + i, lease.first_part() + static_cast<uint32_t>(index)};
    if (absl::Status status = model.Train(batch, parameters, batch.rows(), &gradients, &one, dropout); !status.ok()) {
      return status;
    }
    outcome->loss += one.loss;
    outcome->correct += one.correct;
    Gradient step;
    step.dense = std::move(gradients.dense);
    step.rows.resize(tables.size());
    step.rows[row_table] = {batch.ids, std::move(gradients.rows)};
    state->Apply(std::move(step));
    if (after_batch && !after_batch()) return absl::CancelledError("the unit was dropped");
  }
  // No mean is made of what each lane adds to itself.
  return state->Take(shape.lanes->elastic ? 1 : plan.Lanes(lease.batch()));
}

}  // namespace pumasi
