// A worker's part in a ring (allreduce: {reduction: ring}): a thread that connects with the others of each layout, sums
// each batch with them, adds the sum to this worker's copy, and tells the core that a unit is done once all members
// have the sum of its batch.
//
//   meet -> [apply what all have] -> look at the copy -> { all come -> sum -> all have it -> apply } for each batch
//
// Sums depend on the group, so a batch is applied everywhere with one sum, or not at all: ring_outcome.h says how that
// is settled after a group broke. A new layout is waited for between two batches; only a death breaks a group in the
// midst of one. A member whose copy lacks what others have gives itself up, and comes back as another one with a copy
// filled anew.
#ifndef PUMASI_WORKER_JOB_RING_EXCHANGE_H_
#define PUMASI_WORKER_JOB_RING_EXCHANGE_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/scheduler.pb.h"
#include "worker/collective/gloo_ring.h"
#include "worker/exchange/ps_exchange.h"
#include "worker/job/ring_sum.h"
#include "worker/job/ring_units.h"

namespace pumasi {

// Thread-safe.
class RingExchange {
 public:
  struct Options {
    std::string job_id;
    uint64_t incarnation = 0;
    std::string host;  // to listen on for the other members
    RingShape shape;
    absl::Duration stall_timeout = absl::Seconds(60);
    // One call to the scheduler's MeetGroup.
    std::function<absl::StatusOr<v1::MeetGroupResponse>(const v1::MeetGroupRequest&)> meet;
    // The unit's attempt has ended, for all that it waits for. Called without locks.
    std::function<void(const RingUnit& unit, const absl::Status& status)> done;
    // This incarnation can't go on. Called once.
    std::function<void()> on_fenced;
    // The job can't go on; or it does, and something is amiss.
    std::function<void(const std::string&)> fail, warn;
  };
  // `exchange` carries the calls to copies: it has to be there until Join has returned, and to end, with its calls,
  // before this does.
  RingExchange(Options options, PsExchange& exchange);
  ~RingExchange();
  // Ends what is in progress; units get no answers any more, but those on their way.
  void Stop();
  // After Stop, and after the calls of `exchange` and of Options::meet were cancelled: until the thread has ended.
  void Join();

  // As the core's SetAssignment, with the servers of the layout that the core has; nullptr: it has none yet.
  void Update(const v1::Assignment& assignment, std::shared_ptr<const Peers> peers);
  // A push of the core's. It may be done at once.
  void Push(RingUnit unit);
  void Drop(uint64_t unit);
  // Since the last call.
  GlooRing::Bytes TakeBytes();
  // What this member has to tell of how the sums differ from the tree's: one of the group does. Likewise.
  v1::RingDifference TakeDifference();

 private:
  using Lock = std::unique_lock<std::mutex>;
  using Done = std::function<void(const absl::Status& status)>;
  struct Group {
    uint64_t epoch = 0, generation = 0;
    std::vector<uint64_t> members;  // incarnations, by rank
    PartRange share;                // of this one
    std::shared_ptr<GlooRing> ring;
  };
  // The sum of batch version_, which is not applied yet.
  struct Sum {
    RingBatch batch;
    std::vector<uint64_t> members;  // who made it
  };

  // All of these with the lock held; they give it up where they wait.
  void Run();
  void Form(Lock& lock);
  // Copies of the group come to the meeting's outcome. False: the group is none.
  bool Settle(Lock& lock, uint64_t version);
  void SumBatch(Lock& lock, const std::vector<const RingUnit*>& units);
  // Ends units of batches that all have, and of parts that are others' by now.
  void EndUnits(Lock& lock);
  void Answer(Lock& lock, const std::vector<RingUnit>& units, const absl::Status& status);
  void Break(const absl::Status& status);
  void LeaveGroup();
  void BeFenced(Lock& lock, const std::string& why);
  void WaitFor(Lock& lock, absl::Duration time);
  bool current() const { return group_.ring != nullptr && group_.epoch == layout_.epoch(); }
  bool InLayout() const;

  // Without the lock: until all have come. Aborted: there is another layout.
  absl::StatusOr<v1::MeetGroupResponse> Meet(uint64_t epoch, const v1::MeetGroupRequest& request);

  // ring_copies.cc: calls to copies
  // Applies sum_ to this copy, and to those of the layout whose holders did not make it: they copy theirs, and may have
  // copied what was there before. Ok: version_ has gone up. False: the layout is without this one, or the worker ends.
  bool ApplySum(Lock& lock);
  // Has this copy applied all batches before version_? FailedPrecondition: it never will.
  absl::Status LookAtCopy(Lock& lock);
  // Begins a call, and waits for its end.
  absl::Status Await(Lock& lock, const std::function<void(Done)>& begin);
  uint32_t OwnIndex() const;

  const Options options_;
  PsExchange& exchange_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // GUARDED_BY(mutex_), all of them:
  v1::Layout layout_;
  std::shared_ptr<const Peers> peers_;  // of layout_
  RingUnits units_;
  Group group_;
  uint64_t version_ = 0;     // batches that this copy has applied, at least
  bool known_ = false;       // exactly so many
  std::optional<Sum> sum_;   // of the next one
  uint64_t everywhere_ = 0;  // batches that all members have, or have the sums of
  bool stopped_ = false, fenced_ = false;
  uint64_t changes_ = 0;   // goes up with each event
  absl::Duration pause_;   // after an error, before the next try
  int unconnected_ = 0;    // meetings in a row whose members could not connect
  GlooRing::Bytes bytes_;  // of rings before this one
  v1::RingDifference difference_;

  std::thread thread_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_RING_EXCHANGE_H_
