// How fast this machine computes a job, without any exchange.
#ifndef PUMASI_TOOLS_PLAN_MEASURE_STEP_H_
#define PUMASI_TOOLS_PLAN_MEASURE_STEP_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"
#include "worker/input/row_source.h"

namespace pumasi {

// (rows, seconds) of parts of several sizes up to the batch, ascending: forward and backward of the job's own model on
// its own rows, with one thread, as a worker does it. Processor time of this thread, so that other work on the machine
// disturbs little; the lower quartile of some turns, which take three different parts one after another. Takes about
// two seconds, or one turn of each size where these take longer; parts beyond a few thousand tokens are left out, since
// from there on time goes with rows. Errors of PlanTables and Model.
absl::StatusOr<std::vector<std::pair<double, double>>> MeasureStep(const v1::Job& job, const v1::DataSummary& data,
                                                                   const RowSource& rows);

// So many times as long a part of the job's own size takes where `threads` threads compute one each, up to 8; not below
// 1. Half a second.
absl::StatusOr<double> MeasureBusyStep(const v1::Job& job, const v1::DataSummary& data, const RowSource& rows,
                                       int threads);

// Seconds of the job's optimizer for a float of a row that it catches up with one missed step and changes, in tables of
// 50 MB or so, which caches do not hold.
absl::StatusOr<double> MeasureApply(const v1::Job& job);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_MEASURE_STEP_H_
