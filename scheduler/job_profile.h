// How the nodes of a job spend their time on it: sums of what they tell.
#ifndef PUMASI_SCHEDULER_JOB_PROFILE_H_
#define PUMASI_SCHEDULER_JOB_PROFILE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "common/stage_times.h"
#include "proto/scheduler.pb.h"
#include "scheduler/job_trace.h"

namespace pumasi {

// Not thread-safe. Not kept in records: a scheduler that starts again begins anew. Numbers of nodes that make no sense
// count for nothing, and nodes beyond kMostNodes names are left out.
class JobProfile {
 public:
  static constexpr size_t kMostNodes = 1024;
  // Of those that a worker waited for, so many are shown: the longest waits.
  static constexpr int kMostNamed = 8;

  // So many events are kept.
  void KeepTrace(size_t events) { trace_.Keep(events); }

  // A report of a server or worker that came at `now`. A process that comes back under its name adds to what was there.
  void Add(const v1::Node& node, const v1::TimeUse& report, absl::Duration now);

  // Sets `nodes`, and `bottleneck` if there is one to name.
  void Fill(v1::JobStatus* status) const;
  const JobTrace& trace() const { return trace_; }

 private:
  struct Sums {
    StageSums stages;
    double seconds = 0, busy = 0;
    v1::Waits waits;
    std::map<uint64_t, double> waited_for;  // by incarnation
  };
  void FillNode(const Sums& sums, v1::TimeUse* time) const;

  std::map<std::pair<v1::Role, std::string>, Sums> nodes_;
  std::map<uint64_t, std::string> names_;  // of workers, by incarnation
  JobTrace trace_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_JOB_PROFILE_H_
