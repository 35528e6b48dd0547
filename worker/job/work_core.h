// What a worker does for one job, as a deterministic state machine without rows, tensors or calls:
//
//   lease -> read -> pull -> compute -> push to all holders -> report
//
// Events are method calls, answered by effects (work_effects.h) that the shell takes and carries out. What was read,
// pulled and computed the shell keeps by the number of its unit.
//
// Order. Units go by version, then by part: all workers wait for the earliest one, so it overtakes others wherever it
// meets them. Some units are read ahead, two pull, one computes, two push at a time.
//
// Exactly once. A train unit is done when every server that holds a copy of any slot, in whatever role, acknowledged
// its push under one and the same layout epoch. Acknowledgements of an older epoch count for nothing: under a new one
// the push starts again, and servers know what they have. A new generation of the layout undoes everything: all units
// of the old one are dropped, reports too.
//
// Without a scheduler. When it does not answer for a second, and there is nothing to compute, the worker does its share
// of the batches by itself (OwnShare), each part as a unit of its own, until the scheduler answers again; the results
// are kept and told then, with what is still under way (LeaseUnitsRequest.own): the scheduler leaves that to the
// worker.
//
// In a ring (allreduce: {reduction: ring}) a push hands the gradient to the sum of all workers' shares, and ends when
// every copy has applied that. It waits for all units of the batch, here and elsewhere, so all are pushed at a time.
//
// Errors. What may pass is tried again after growing waits, and a unit that gets nowhere for the job's stall_timeout is
// given back; the scheduler judges whether the job is stuck. In a job that averages a server that says it waits for
// others' lanes is getting somewhere; and where calls run into their deadlines for that long the job fails, since a
// lane that is trained anew each time would look as if it moved. A message that is too large fails the job at once.
#ifndef PUMASI_WORKER_JOB_WORK_CORE_H_
#define PUMASI_WORKER_JOB_WORK_CORE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/layout/batch_plan.h"
#include "common/retry.h"
#include "proto/parameter_server.pb.h"
#include "proto/scheduler.pb.h"
#include "worker/job/call_round.h"
#include "worker/job/own_share.h"
#include "worker/job/report_queue.h"
#include "worker/job/work_effects.h"

namespace pumasi {

// Not thread-safe. `now`: a monotonic time, never earlier than in an earlier call.
class WorkCore {
 public:
  struct Options {
    std::string job_id;
    uint64_t incarnation = 0;  // the worker's
    uint64_t seed = 0;         // of the waits' jitter
    absl::Duration call_timeout = absl::Seconds(5);
    uint32_t leases = 4;          // held at a time; the scheduler may give more where all wait for them
    size_t most_results = 20000;  // units that are done but not reported, without a scheduler
  };
  explicit WorkCore(const Options& options);

  // --- events
  // What the scheduler wants by now; the first event. Its layout has to satisfy CheckLayout once it is there
  // (common/layout/slot_roles.h). An older layout than one that is known is not taken over.
  void SetAssignment(const v1::Assignment& assignment, absl::Duration now);
  void LeaseAnswer(const absl::StatusOr<v1::LeaseUnitsResponse>& answer, absl::Duration now);
  void ReportAnswer(uint64_t id, const absl::Status& status, absl::Duration now);
  void ReadDone(uint64_t unit, const absl::Status& status, absl::Duration now);
  void PullAnswer(uint64_t unit, uint64_t attempt, uint32_t server, const absl::Status& status, absl::Duration now);
  // `done`: parts, confusions and seconds of the result; the rest is filled in here.
  void ComputeDone(uint64_t unit, absl::StatusOr<v1::UnitDone> done, absl::Duration now);
  // `outcome`: of the answer, if `status` is Ok.
  void PushAnswer(uint64_t unit, uint64_t attempt, uint32_t server, const absl::Status& status,
                  v1::PushResponse::Outcome outcome, absl::Duration now);
  // Of a unit that is read or computes, one more batch of a lane was.
  void LaneBatch() { ++lane_batches_; }
  void Tick(absl::Duration now);

  // --- effects
  // In the order in which they came up.
  std::vector<WorkEffect> TakeEffects();
  // When Tick is due; InfiniteDuration: not before another event.
  absl::Duration NextDeadline() const;

  // --- for looking at
  bool fenced() const { return fenced_; }
  // Does its share by itself.
  bool alone() const { return alone_; }
  size_t units() const { return units_.size(); }
  // Units that are done and not yet taken by the scheduler.
  size_t unreported() const { return reports_.size(); }
  uint64_t layout_epoch() const { return layout_.epoch(); }

 private:
  enum class Stage { kLeased, kReading, kRead, kPulling, kPulled, kComputing, kComputed, kPushing, kSplit };
  struct Unit {
    v1::Lease lease;      // token 0: by itself, or a leaf of a unit that was split
    uint64_t parent = 0;  // the unit whose leaf it is; 0: none
    uint32_t leaves = 0;  // kSplit: that are not done
    Stage stage = Stage::kLeased;
    absl::Duration leased;   // when it came
    CallRound round;         // kPulling, kPushing
    absl::Duration give_up;  // likewise
    std::optional<uint32_t>
        silent;         // likewise: the server that last let a call run into its deadline, and since nothing
    v1::UnitDone done;  // from kComputed on; kSplit: of the leaves so far
  };
  // The order of work: version, part, number.
  using Key = std::tuple<uint64_t, uint32_t, uint64_t>;
  static Key KeyOf(uint64_t number, const Unit& unit) {
    return {unit.lease.version(), unit.lease.first_part(), number};
  }

  // Of the batches before the unit's so many may be missing in what it is computed with (common/consistency.h).
  uint32_t StalenessOf(const Unit& unit) const { return unit.lease.kind() == v1::TRAIN ? staleness_ : 0; }
  // The lane whose own values the unit is computed with.
  std::optional<uint32_t> LaneOf(const Unit& unit) const {
    return elastic_ && unit.lease.kind() == v1::TRAIN ? std::optional(unit.lease.first_part()) : std::nullopt;
  }
  // Every copy has applied all batches before this one, once the unit's pull of `version` was answered, or came too
  // late.
  void Applied(uint64_t version, uint32_t staleness) {
    share_.Applied(version - std::min<uint64_t>(version, staleness));
  }

  // What goes on does: each looks for what may begin now.
  void Advance(absl::Duration now);
  void AskForLeases(absl::Duration now);
  void SendReports(absl::Duration now);
  // Whether others come soon, and nobody waits for these.
  bool ReportsMayWait() const;
  // What is computed without a lease, for the scheduler: then it gives it to nobody else.
  void AddOwn(v1::LeaseUnitsRequest* request) const;
  void WorkAlone(absl::Duration now);
  void StartUnits(absl::Duration now);
  void CallServers(absl::Duration now);
  bool leases_wanted() const;
  // Is nothing read or computed? Then all units wait for servers, or for units before them that do.
  bool Idle() const;

  uint64_t Add(v1::Lease lease, uint64_t parent, absl::Duration now);
  // nullptr: it is over.
  Unit* Find(uint64_t number);
  size_t Count(Stage stage) const;
  // Calls `start` for units in `from`, in order, as long as fewer than `most` are in `in` and `also`; a unit of an
  // earlier version than all of those may start beyond that.
  template <typename Start>
  void StartInOrder(Stage from, Stage in, Stage also, size_t most, Start start);
  void BeginRound(Unit& unit, Stage stage, absl::Duration now);
  // Under a new layout: calls go to its holders, all of them.
  void RestartRounds(const v1::Layout& before, absl::Duration now);

  // --- ends of units
  void Refused(uint64_t number, uint32_t server, const absl::Status& status, absl::Duration now);
  // Of a pull or push that never gets through: "pulling from server s1", what the messages hold, and what would help.
  std::string Transfer(const Unit& unit, uint32_t server) const;
  std::string SmallerMessages() const;
  // Into the queue of reports.
  void AddResult(const Unit& unit);
  void Finish(uint64_t number);
  // Everybody has the batch, so others computed it; what came out nobody told us.
  void FinishUnknown(uint64_t number);
  void Split(uint64_t number);
  void GiveBack(uint64_t number);
  void Erase(uint64_t number);
  // Under a new layout of a ring: gives back what is not in the own share any more, but what is computed already: the
  // ring says whether its batch was summed with it.
  void LeaveToOthers();
  // Units of generations before this one.
  void DropBefore(uint64_t generation);
  void Fail(const std::string& message, absl::Duration now);
  void Fence();
  // A call to the scheduler that began at `called` is over.
  void Heard(const absl::Status& status, absl::Duration called, absl::Duration now);

  const Options options_;
  std::mt19937_64 random_;
  v1::JobState state_ = v1::JOB_STATE_UNSPECIFIED;
  v1::Layout layout_;
  std::vector<uint32_t> holders_;
  BatchPlan plan_;
  uint32_t staleness_ = 0;
  absl::Duration stall_timeout_ = absl::Seconds(60);
  bool averages_ = false;  // the job does
  bool elastic_ = false;   // and its lanes have values of their own
  bool ring_ = false;      // gradients are summed by a ring: a push is one, and done when all copies have its batch

  uint64_t next_unit_ = 1;
  uint64_t next_attempt_ = 1;
  std::map<uint64_t, Unit> units_;  // by number
  std::map<Key, uint64_t> order_;   // the same
  uint64_t computing_ = 0;          // also when its unit was dropped meanwhile; 0: none
  size_t reading_ = 0;              // likewise
  uint64_t lane_batches_ = 0;       // so far

  ReportQueue reports_;
  OwnShare share_;
  bool alone_ = false;
  bool untold_ = false;                          // it was alone, and no report since told all
  bool report_is_all_ = false;                   // of the last report
  absl::Duration last_move_;                     // when a unit was last read, pulled or computed
  std::optional<absl::Duration> silent_since_;   // the scheduler does not answer
  std::optional<absl::Duration> lease_called_;   // in flight
  std::optional<absl::Duration> report_called_;  // in flight
  uint64_t report_id_ = 0;                       // of the last report
  absl::Duration next_lease_, next_report_;
  absl::Duration report_sent_ = -absl::InfiniteDuration();  // the last one
  Backoff lease_backoff_, report_backoff_;

  bool fenced_ = false;
  std::string failure_;
  absl::Duration next_failure_;
  std::vector<WorkEffect> effects_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_WORK_CORE_H_
