// Where a worker's time on a job goes: how long the stages of its units take, and what its computing thread waits for.
//
// Stages overlap: rows are read and values pulled while other units are computed. What that costs shows where the
// computing thread has nothing to do. Once it goes on with some unit, that unit's own history says why it had to wait:
// it was not leased yet, then not read, then its values were not there.
#ifndef PUMASI_WORKER_JOB_WORKER_TIMES_H_
#define PUMASI_WORKER_JOB_WORKER_TIMES_H_

#include <cstdint>
#include <map>
#include <optional>

#include "absl/time/time.h"
#include "common/stage_times.h"
#include "common/trace_buffer.h"
#include "common/waits.h"
#include "proto/parameter_server.pb.h"
#include "proto/time_use.pb.h"
#include "proto/unit.pb.h"

namespace pumasi {

// When a unit had come how far. A point that it never came by counts as the one before it.
struct UnitTimes {
  using Time = std::optional<absl::Duration>;
  Time leased;
  Time read;    // its rows were there
  Time called;  // the first server was asked for values
  // The last server to answer: when that call began and ended, and what the server says of it.
  Time answer_called, answered;
  v1::ServedTime served;
  Time ready;  // it was handed to the computing thread
};

// What kept a thread from computing the unit from `idle` to `busy`. What is left of that time it was busy: with taking
// the unit over. `self`: the incarnation of this worker; `waited_for`: whom waits.batch was for, 0: not known.
v1::Waits WaitsOf(absl::Duration idle, absl::Duration busy, const UnitTimes& unit, uint64_t self, uint64_t* waited_for);

// Not thread-safe.
class WorkerTimes {
 public:
  // `trace`: events are kept for the next report, too.
  WorkerTimes(uint64_t self, bool trace) : self_(self) {
    if (trace) events_.emplace();
  }

  // A unit was in a stage.
  void Stage(v1::Stage stage, const v1::Lease& lease, absl::Duration begin, absl::Duration end);
  // The unit's values are there. REQUIRES: called and answered.
  void Pulled(const v1::Lease& lease, const UnitTimes& unit);
  // The computing thread had nothing to do from `idle` on, and goes on with a unit now, `busy`. Until `idle` it was
  // busy.
  v1::Waits Begins(absl::Duration idle, absl::Duration busy, const v1::Lease& lease, const UnitTimes& unit);
  // Up to now the computing thread was busy, since Begins.
  void WasBusy(absl::Duration now);

  // What happened since the last call, for a report that leaves now.
  bool empty() const { return empty_; }
  void Take(absl::Duration now, v1::TimeUse* report);
  // Stages, busy time and waits of all that happened since the beginning, whether it was reported or not.
  v1::TimeUse Total() const;

 private:
  // Beyond these no one is named as waited for.
  static constexpr size_t kMostNamed = 16;

  const uint64_t self_;
  std::optional<TraceBuffer> events_;
  StageSums stages_, reported_stages_;     // since the last report, and before it
  v1::Waits waits_, reported_waits_;       // likewise
  std::map<uint64_t, double> waited_for_;  // seconds by incarnation
  double busy_ = 0, reported_busy_ = 0;    // likewise
  absl::Duration accounted_;               // up to here the thread's time is in busy_ or waits_
  bool began_ = false;                     // and from here on it counts
  bool empty_ = true;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_WORKER_TIMES_H_
