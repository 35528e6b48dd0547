// How much memory a configuration's processes need.
#ifndef PUMASI_TOOLS_PLAN_MEMORY_NEEDS_H_
#define PUMASI_TOOLS_PLAN_MEMORY_NEEDS_H_

#include "tools/plan/traffic.h"

namespace pumasi {

// Bytes of the busiest process of each kind. In modes without servers what they would hold is with the workers.
struct MemoryNeeds {
  double server = 0;
  double worker = 0;
};

// Rows count that are ever touched in the job's training rows: others do not exist (server/row_table.h). `tokens`: mean
// of a row. Encoded data is mapped from the worker's cache and does not count.
MemoryNeeds MemoryOf(const JobShape& shape, const DistinctOf& distinct, double tokens, const Candidate& candidate);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_MEMORY_NEEDS_H_
