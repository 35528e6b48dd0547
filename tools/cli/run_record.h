// What `pumasi train` leaves in its output folder about the run, for `pumasi compare`: run.json (docs/compare.md).
#ifndef PUMASI_TOOLS_CLI_RUN_RECORD_H_
#define PUMASI_TOOLS_CLI_RUN_RECORD_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/job.pb.h"
#include "proto/scheduler.pb.h"
#include "tools/cli/json.h"
#include "tools/cli/process_use.h"

namespace pumasi {

// Gathers while a job runs. Not thread-safe.
class RunRecord {
 public:
  // A point of the curve, if the job has gone on. Of many points every second one is dropped, as often as it takes:
  // there are kMostPoints at most, evenly over the run. A job that goes back takes its points with it.
  void See(const v1::JobStatus& status);

  // Whether SeeProcesses should be called: when training begins, and then once a second.
  bool WantsProcesses(const v1::JobStatus& status, absl::Duration now) const;
  // By the daemons' names; those that run no more are left out.
  void SeeProcesses(const v1::JobStatus& status, absl::Duration now,
                    const std::map<std::string, ProcessUse>& processes);

  // `status`: the last one. `cores`: that the daemons may run on.
  Json ToJson(const v1::Job& job, const v1::JobStatus& status, double wall_seconds, double cores) const;

  static constexpr size_t kMostPoints = 400;

 private:
  struct Point {
    double seconds;  // of training
    uint64_t samples;
    double loss;  // mean of the last up to 50 batches
  };
  struct CpuTime {
    absl::Duration now;
    double seconds;  // of all processes
  };
  std::vector<Point> curve_;
  uint64_t least_step_ = 1;  // in samples, between two points
  std::map<std::string, double> peak_bytes_;
  absl::Duration last_look_ = -absl::InfiniteDuration();
  std::optional<CpuTime> first_, last_;  // while the job trains or evaluates
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_RUN_RECORD_H_
