// The parameters of one lane of a round (common/averaging.h) while it trains: values and the optimizer's own state.
#ifndef PUMASI_WORKER_JOB_LANE_STATE_H_
#define PUMASI_WORKER_JOB_LANE_STATE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/optimizer.h"
#include "ops/tree/gradient.h"
#include "proto/table.pb.h"

namespace pumasi {

// Begins with the round's values and with an optimizer that has seen nothing: its state ends with the round, its steps
// count from 1 in each. (Only values are averaged. The state of a lane says where the lane has been; a mean over lanes
// that went different ways is no state of any optimizer, and would travel three times the bytes of Adam's values.)
// Rows that a batch does not touch are caught up as on a server: dense Adam's meaning holds within the lane.
// Not thread-safe.
class LaneState {
 public:
  // By table; at most one is of rows.
  struct Values {
    std::vector<uint64_t> ids;              // of the lane's rows, ascending
    std::vector<float> rows;                // ids.size() × columns
    std::vector<std::vector<float>> dense;  // by table; empty for the one of rows
  };
  // `batches_before`: of all earlier rounds; the schedule of the learning rate goes on from there. `changes`: of the
  // rate that hold for the whole round, by the step 1. InvalidArgument: the settings make no sense.
  static absl::StatusOr<LaneState> Create(const v1::Optimizer& settings, const std::vector<v1::TableSpec>& tables,
                                          uint64_t batches_before, const RateChanges& changes, Values values);

  // Values now, for a batch with these ids. REQUIRES: `ids` ascending, and of the lane.
  void ReadRows(const std::vector<uint64_t>& ids, float* out) const;
  const std::vector<float>& dense(size_t table) const { return values_.dense[table]; }

  // The next batch's gradient, clipped and applied as holders do it in a job that does not average. A table without a
  // gradient has a zero one.
  void Apply(Gradient gradient);

  // What the lane adds to the sum over `lanes` lanes: (value at the start - value now) / lanes, of tables that no
  // optimizer updates (TableSpec.update) value now / lanes. The state is of no use then.
  Gradient Take(uint32_t lanes);

 private:
  LaneState() = default;
  void Clip(Gradient* gradient) const;
  size_t PlaceOf(uint64_t id, size_t from) const;

  v1::Optimizer settings_;
  std::vector<v1::TableSpec> tables_;
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<std::unique_ptr<Optimizer>> averages_;  // by table; nullptr where optimizer_ is used
  size_t row_table_ = 0;
  size_t width_ = 0;  // of rows
  Values start_, values_;
  std::vector<float> row_slots_;                 // ids × slots × width
  std::vector<uint64_t> last_steps_;             // by row
  std::vector<std::vector<float>> dense_slots_;  // by table
  uint64_t step_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_LANE_STATE_H_
