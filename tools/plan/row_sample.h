// A sample of a job's training rows.
#ifndef PUMASI_TOOLS_PLAN_ROW_SAMPLE_H_
#define PUMASI_TOOLS_PLAN_ROW_SAMPLE_H_

#include <cstdint>

#include "proto/job.pb.h"
#include "tools/plan/distinct_ids.h"
#include "worker/input/row_source.h"

namespace pumasi {

// Of so many rows, or fewer where these have more tokens; all rows, if there are no more.
struct RowLimit {
  uint64_t rows = 32768;
  uint64_t tokens = uint64_t{1} << 21;
};

// The first rows of the job's first epoch, in the order in which it trains on them (worker/input/epoch_order.h), so
// that they are drawn at random from all of the data. `ids`: of the embedding.
DistinctIds SampleRows(const v1::Job& job, const RowSource& rows, uint64_t ids, const RowLimit& size = {});

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_ROW_SAMPLE_H_
