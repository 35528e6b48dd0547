// What a worker did for a job, as counters.
#ifndef PUMASI_WORKER_JOB_WORK_COUNTS_H_
#define PUMASI_WORKER_JOB_WORK_COUNTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "common/metrics/metric_set.h"
#include "proto/unit.pb.h"

namespace pumasi {

// Not thread-safe.
class WorkCounts {
 public:
  // A unit of this kind was computed. It may be that another worker's result counts.
  void Computed(v1::UnitKind kind, const v1::UnitDone& done);
  // A call to a server ended; `call`: "pull" or "push".
  void Called(const char* call, const absl::Status& status);

  void AddTo(const std::string& job, MetricSet* metrics) const;

 private:
  struct Units {
    uint64_t units = 0, rows = 0;
  };
  std::map<v1::UnitKind, Units> units_;
  std::map<std::pair<std::string, std::string>, uint64_t> calls_;  // by call and outcome
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_WORK_COUNTS_H_
