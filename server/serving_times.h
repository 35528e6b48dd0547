// Where a server's time on a job goes, and what it tells a worker of the time of its calls.
#ifndef PUMASI_SERVER_SERVING_TIMES_H_
#define PUMASI_SERVER_SERVING_TIMES_H_

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "common/stage_times.h"
#include "common/trace_buffer.h"
#include "proto/parameter_server.pb.h"
#include "proto/time_use.pb.h"

namespace pumasi {

// Not thread-safe: belongs to whoever takes the job's calls one at a time. Times are of one monotonic clock.
class ServingTimes {
 public:
  // Events are kept for the next report, too, or not any more.
  void Trace(bool on);

  // An attempt at a pull took this long, and answered it.
  void Served(const v1::PullRequest& request, absl::Duration begin, absl::Duration end);
  // Likewise of a push. `version`: of the job's parameters here, where the push was the last one of its batch.
  void Took(const v1::PushRequest& request, std::optional<uint64_t> version, absl::Duration begin, absl::Duration end);
  // A batch was applied that had all its pushes before: norms were waited for.
  void Applied(uint64_t version, absl::Duration begin, absl::Duration end);
  // A checkpoint of this version, or records of the log up to it, went to the disk.
  void Wrote(v1::Stage stage, uint64_t version, absl::Duration begin, absl::Duration end);

  // A pull that came at `received` leaves at `now`: what the worker learns of it.
  void Answered(const v1::PullRequest& request, absl::Duration received, absl::Duration now, v1::ServedTime* time);

  // What happened since the last report; nothing if nothing did.
  std::optional<v1::TimeUse> Take(absl::Duration now);
  // Stages and busy time of all that happened since the beginning, whether it was reported or not.
  v1::TimeUse Total() const;

 private:
  void Stage(v1::Stage stage, const v1::TraceEvent& event, absl::Duration begin, absl::Duration end, bool busy);
  // `version` is there.
  void Reached(uint64_t version, absl::Duration begin, absl::Duration end);

  StageSums stages_, reported_stages_;      // since the last report, and before it
  double busy_ = 0, reported_busy_ = 0;     // likewise
  std::optional<absl::Duration> since_;     // what is to be reported began
  std::optional<absl::Duration> reported_;  // the last report
  std::optional<TraceBuffer> events_;

  // The last batch that was applied: to which version it led, when, how long it took, and whose push was the last.
  uint64_t version_ = 0;
  absl::Duration reached_;
  absl::Duration took_;
  uint64_t last_worker_ = 0;
  uint64_t last_push_ = 0;  // whose push it was
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_SERVING_TIMES_H_
