#include "tools/plan/job_shape.h"

#include <algorithm>

#include "common/averaging.h"
#include "common/layout/slots.h"
#include "common/model_plan.h"
#include "ops/optimizer.h"

namespace pumasi {
namespace {

// What a layer with gates keeps of each step, in widths of its output: gates, states, and their gradients.
constexpr double kKeptByGates = 6, kKeptByOthers = 2;
// ops/wire/one_bit.h: a bit a value, and two float32 for each 256 of them.
constexpr double kOneBitBytes = 1.0 / 8 + 2.0 * 4 / 256;
// ops/wire/largest_values.h: a float32 and where it stands. 31 kB for 578,335 floats with a fraction of 0.01
// (//tests/exchange:coded_push_test).
constexpr double kLargestBytes = 5.4;

void AddActivations(const LayerPlan& layer, JobShape* shape) {
  const bool gates = layer.name.find("lstm") != std::string::npos || layer.name.find("gru") != std::string::npos;
  const double kept = layer.out.width * (gates ? kKeptByGates : kKeptByOthers);
  (layer.in.sequence || layer.out.sequence ? shape->activations_a_token : shape->activations_a_row) += kept;
  for (const auto& branch : layer.branches) {
    for (const LayerPlan& inner : branch) AddActivations(inner, shape);
  }
}

}  // namespace

absl::StatusOr<JobShape> ShapeOf(const v1::Job& job, const v1::DataSummary& data) {
  if (Averages(job)) {
    return absl::InvalidArgumentError(
        "average_every: there is no prediction of rounds yet; plan the job without it to see what its batches cost");
  }
  auto layers = PlanLayers(job, data);
  if (!layers.ok()) return layers.status();
  auto optimizer = MakeOptimizer(job.optimizer());
  if (!optimizer.ok()) return optimizer.status();
  JobShape shape;
  shape.name = job.name();
  shape.train_rows = static_cast<double>(data.train_rows());
  shape.epochs = job.epochs();
  shape.batch = job.batch();
  shape.micro_batches = job.micro_batches();
  shape.replicas = job.replicas();
  shape.slots = job.slots();
  shape.optimizer_slots = (*optimizer)->slots();
  shape.norm_clip = job.optimizer().clip().has_norm() || job.optimizer().clip().has_global_norm();
  for (const LayerPlan& layer : *layers) {
    AddActivations(layer, &shape);
    for (const v1::TableSpec& table : layer.tables) {
      if (table.kind() == v1::TableSpec::ROWS) {
        shape.row_ids += static_cast<double>(table.rows());
        shape.width = table.columns();
        continue;
      }
      shape.dense_floats += static_cast<double>(DenseFloats(table));
      shape.dense_chunks += DenseChunks(table);
    }
  }
  const v1::Wire wire = job.wire();
  const bool half = wire == v1::WIRE_BF16 || wire == v1::WIRE_FP16;
  const double value = half ? 2 : 4, exponent = wire == v1::WIRE_FP16 ? 2 : 0;
  shape.row_bytes = shape.width * value + exponent;
  shape.dense_pulled = shape.dense_floats * value + shape.dense_chunks * exponent;
  shape.dense_pushed = wire == v1::WIRE_ONEBIT ? shape.dense_floats * kOneBitBytes
                       : wire == v1::WIRE_TOPK ? shape.dense_floats * job.wire_fraction() * kLargestBytes
                                               : shape.dense_pulled;
  return shape;
}

}  // namespace pumasi
