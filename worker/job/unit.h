// One leased unit of work, on its way through the worker.
#ifndef PUMASI_WORKER_JOB_UNIT_H_
#define PUMASI_WORKER_JOB_UNIT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/averaging.h"
#include "common/layout/batch_plan.h"
#include "ops/precision.h"
#include "ops/tree/gradient.h"
#include "ops/wire/dense_coding.h"
#include "proto/job.pb.h"
#include "proto/scheduler.pb.h"
#include "worker/exchange/router.h"
#include "worker/input/row_source.h"
#include "worker/job/device_team.h"
#include "worker/job/part_builder.h"
#include "worker/model/part.h"

namespace pumasi {

// A lease with the rows it is about.
struct Unit {
  v1::Lease lease;
  uint64_t batch_rows = 0;
  std::vector<Part> parts;  // of the lease's range; one for an evaluation
  // Of a job that averages, instead of parts of a TRAIN lease: by lane of its range, the batches.
  std::vector<std::vector<Part>> lanes;
  std::vector<uint64_t> ids;  // of all parts, ascending, each once
};

// What computing it gave.
struct UnitResult {
  v1::Lease lease;
  v1::UnitDone done;  // token, parts and confusions
  Gradient gradient;  // of the lease's node; empty for an evaluation
};

// The shape of a job's work.
struct WorkShape {
  BatchPlan plan;
  uint64_t seed = 0;
  RowShape rows;
  // The job's optimizer is `count`: gradients are counts.
  bool count = false;
  // How parameters and gradients travel. With bf16 the gradient of every node is rounded (ops/tree/node_rounding.h).
  Precision wire = Precision::kFloat32;
  // How gradients of dense tensors do, where not as values.
  DenseCoding coding = {};
  // The job averages: `plan` is of rounds, and parts are lanes.
  struct Lanes {
    LanePlan plan;
    v1::Optimizer optimizer;
    bool elastic = false;  // lanes go on from values of their own: a unit has one, and pulls these
  };
  std::optional<Lanes> lanes = {};
  v1::Split split = v1::SPLIT_BATCH;  // which row stands where (worker/input/epoch_order.h)
};
WorkShape WorkShapeOf(const v1::Job& job, const v1::DataSummary& data);

// Reads the rows of a lease. InvalidArgument if the lease does not fit the job. `after_batch`: of lanes, as in
// ComputeUnit.
absl::StatusOr<Unit> ReadUnit(const v1::Lease& lease, const WorkShape& shape, const RowSource& train,
                              const RowSource* test, const std::function<bool()>& after_batch = nullptr);

// Runs the model over the unit's parts, each part alone, on all devices side by side, and sums their gradients in the
// job's tree, rounded if the job wants that: the bits are the same on any number of devices. Errors name batch and
// part; of several the one of the first part. With `shape.count` a part's gradient is instead, for each of its ids, how
// many of its tokens have that id (masked ones left out, as the model does), and 1 for each dense value if the part has
// rows.
//
// Of a job that averages, lanes take the place of parts (worker/job/lanes.h); `after_batch` is called after each batch
// of a lane, from any thread, and with false as its answer the unit ends: Cancelled.
absl::StatusOr<UnitResult> ComputeUnit(const Unit& unit, const PulledParameters& parameters, const WorkShape& shape,
                                       const std::vector<v1::TableSpec>& tables, DeviceTeam& devices,
                                       const std::function<bool()>& after_batch = nullptr);

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_UNIT_H_
