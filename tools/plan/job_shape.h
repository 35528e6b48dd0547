// What of a job its speed and memory depend on.
#ifndef PUMASI_TOOLS_PLAN_JOB_SHAPE_H_
#define PUMASI_TOOLS_PLAN_JOB_SHAPE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

struct JobShape {
  std::string name;
  double train_rows = 0;
  uint32_t epochs = 1;
  uint32_t batch = 1;          // rows
  uint32_t micro_batches = 1;  // as the job says
  uint32_t replicas = 1;
  uint32_t slots = 1;

  double row_ids = 0;          // of the embedding
  double width = 0;            // floats of a row
  double dense_floats = 0;     // of all tensors
  double dense_chunks = 0;     // messages carry tensors in these
  double optimizer_slots = 0;  // floats beside each value
  bool norm_clip = false;      // a round between servers and scheduler a batch

  // Bytes of values in messages, as the job's `wire` has them.
  double row_bytes = 0;     // of a row, pulled or pushed
  double dense_pulled = 0;  // of all tensors
  double dense_pushed = 0;

  // Floats that a worker keeps between forward and backward, for each token and for each row: an estimate.
  double activations_a_token = 0;
  double activations_a_row = 0;
};

// REQUIRES: the job is completed and checked. Errors of PlanLayers and MakeOptimizer.
absl::StatusOr<JobShape> ShapeOf(const v1::Job& job, const v1::DataSummary& data);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_JOB_SHAPE_H_
