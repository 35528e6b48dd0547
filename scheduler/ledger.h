// The data ledger: which parts of which batches are to do, leased or done. Every part of every batch is in exactly one
// of the three states; what is done never becomes anything else. A pure state machine.
#ifndef PUMASI_SCHEDULER_LEDGER_H_
#define PUMASI_SCHEDULER_LEDGER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/layout/part_range.h"
#include "proto/job_record.pb.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

// Batches [first, end) of `parts` parts each, done in order: batch b + 1 may be leased before b is done (its worker
// reads ahead and waits at the servers), at most `ahead` batches before. Not thread-safe.
//
// That a part is done is a fact, whoever tells it and whatever became of its lease; the first result counts. Results of
// batches that cannot be leased yet are taken, too (workers go on without a scheduler for a while), up to a bound.
class Ledger {
 public:
  struct Options {
    uint64_t first = 0;
    uint64_t end = 0;
    uint32_t parts = 1;
    uint32_t ahead = 1;
    // Parts that may be done beyond the batches that may be leased; what is told of more is forgotten.
    uint64_t results_ahead = 20000;
    // So long a worker that has a unit may take to tell its outcome after another one found it applied.
    absl::Duration outcome_within = absl::Seconds(3);
    // Parts of a unit.
    uint32_t most_parts = 0xffffffff;
  };
  struct Unit {
    uint64_t token;
    uint64_t batch;
    PartRange parts;
  };
  struct BatchDone {
    uint64_t batch;
    std::vector<v1::PartResult> parts;  // by part
    std::vector<v1::Confusion> confusions;
    std::vector<v1::AuditBatch::Unit> units = {};  // who did which parts, by part
  };
  struct Taken {
    uint32_t fresh = 0;     // parts that were not done before
    uint32_t repeated = 0;  // parts that were
  };

  explicit Ledger(const Options& options, absl::Duration now = absl::ZeroDuration())
      : options_(options), first_open_(options.first), opened_(now) {}

  // Units for a worker, until it holds `most`. Of one batch it gets `share` parts at a time; what it has done does not
  // count, so a fast worker gets more. Of the first open batch it gets its share also beyond `most`: all wait for that
  // batch, and the units of a dead worker must not wait until somebody has finished later ones. `next_token` is raised
  // by one for each unit. Of what is to do in a batch it gets the first parts from `from` on, then those before.
  // REQUIRES: from <= parts.
  std::vector<Unit> Lease(uint64_t worker, uint32_t most, uint32_t share, uint64_t* next_token, absl::Duration now,
                          uint32_t from = 0);

  // Likewise, where each worker has a share of its own in every batch, which nobody else computes.
  std::vector<Unit> LeaseShare(uint64_t worker, uint32_t most, PartRange share, uint64_t* next_token,
                               absl::Duration now);

  // A second lease of a unit that another worker has had for longer than `late` for each of its parts, at least
  // `at_least`: of the first open batch, the one that is out longest. Nothing if there is none, if `worker` holds
  // anything already, or if `copies` are out.
  std::optional<Unit> LeaseLate(uint64_t worker, uint32_t copies, absl::Duration late, absl::Duration at_least,
                                uint64_t* next_token, absl::Duration now);
  // A second lease of the smallest unit that others have, to see how fast `worker` is. Nothing if there is none, or if
  // it holds anything already.
  std::optional<Unit> LeaseProbe(uint64_t worker, uint64_t* next_token, absl::Duration now);

  // Parts of a batch (of a chunk, in an evaluation) are done. `name` is the worker's, for the audit. What is told of
  // batches beyond the end, or too far ahead, is forgotten. A result with an outcome takes the place of one without, as
  // long as its batch is open; one without ends the worker's lease, but does not count while another worker that has
  // the parts may still tell what came out. MALFORMED: the parts are no node of the tree.
  absl::StatusOr<Taken> Done(uint64_t worker, const std::string& name, uint64_t batch, const v1::UnitDone& done,
                             absl::Duration now);

  // Parts of the first open batch whose outcome was waited for long enough are done without one.
  void GiveUpOutcomes(absl::Duration now);
  // When there is something for it; infinite: nothing.
  absl::Duration OutcomesDue() const;

  // Back to to-do: everything the worker holds, or one lease of it.
  void WorkerGone(uint64_t worker);
  void Return(uint64_t worker, uint64_t token);
  // Back to to-do: leases of the worker that it does not know of. Returns how many.
  size_t KeepOnly(uint64_t worker, const std::set<uint64_t>& tokens);
  // Parts, by batch, that the worker computes by itself without a lease: those that are to do are leased to it, so that
  // nobody else gets them. If `all`, what such leases it has beyond that go back to to-do; returns how many.
  size_t TakeOwn(uint64_t worker, const std::set<std::pair<uint64_t, PartRange>>& own, bool all, absl::Duration now);

  // Batches that became done, in order, each once.
  std::vector<BatchDone> TakeDone();

  const Options& options() const { return options_; }
  bool complete() const { return first_open_ == options_.end; }
  uint64_t first_open() const { return first_open_; }
  // When the first open batch became that.
  absl::Duration opened() const { return opened_; }
  // For each worker that holds a part of the first open batch, how many; 0 counts the parts nobody holds.
  std::map<uint64_t, uint32_t> Holding() const;
  size_t leases() const { return leased_.size(); }
  bool Holds(uint64_t worker) const;
  // Parts done in batches that are not.
  v1::AuditSums OpenSums() const;
  // Which they are, by batch.
  std::map<uint64_t, std::vector<uint32_t>> OpenParts() const;

  // --- records
  void Save(v1::JobProgressRecord* record) const;
  // Batches with results whose record changed since the last call; nothing as value: it is done, or was dropped.
  std::map<uint64_t, std::optional<v1::OpenBatchRecord>> TakeChangedBatches();
  void Restore(const v1::JobProgressRecord& record, const std::map<uint64_t, v1::OpenBatchRecord>& batches,
               absl::Duration now);

 private:
  enum class State : uint8_t { kTodo, kLeased, kDone };
  struct Result {
    v1::PartResult result;
    std::string worker;
    uint64_t token = 0;
  };
  struct Batch {
    std::vector<State> states;
    // By part: the last lease of it that ended undone, 0 if none did. Its worker may have pushed its gradient to some
    // servers, as one sum. A new unit lies inside one such lease or outside of all: then a server has applied all of it
    // or nothing.
    std::vector<uint64_t> undone;
    // By part: when a worker first found it applied by another one that has not told its outcome yet.
    std::vector<absl::Duration> applied;
    std::vector<Result> results;
    std::vector<v1::Confusion> confusions;
    uint32_t done = 0;
  };
  struct Leased {
    uint64_t worker;
    uint64_t batch;
    PartRange parts;
    absl::Duration since;
    bool copy;
  };
  // Tokens of leases that nobody was told of: of parts that workers compute by themselves.
  static constexpr uint64_t kOwnTokens = uint64_t{1} << 63;

  // `spans`: of which parts, in this order; `grain`: of a unit at most.
  std::vector<Unit> LeaseWithin(const std::vector<PartRange>& spans, uint64_t worker, uint32_t most, uint32_t share,
                                uint32_t grain, uint64_t* next_token, absl::Duration now);
  Batch& At(uint64_t batch);
  void Release(std::map<uint64_t, Leased>::iterator lease);
  bool AllDone(const Leased& lease) const;
  // Has another worker than this one a part of a batch?
  bool HasAnother(uint64_t worker, uint64_t batch, uint32_t part) const;
  // Is the outcome of a part still to come from the worker that has it?
  bool AwaitsOutcome(const Batch& batch, uint32_t part, absl::Duration now) const;
  // After parts became done: ends leases with nothing left to do, and closes batches.
  void Close(absl::Duration now);
  BatchDone Finish(uint64_t number, Batch batch) const;

  const Options options_;
  uint64_t first_open_;
  absl::Duration opened_;              // when the first open batch became that
  std::map<uint64_t, Batch> open_;     // batches from first_open_ on of which something is leased or done
  std::map<uint64_t, Leased> leased_;  // by token
  uint64_t next_own_ = kOwnTokens;
  uint64_t ahead_done_ = 0;  // parts done in open_ but its first `ahead` batches
  std::vector<BatchDone> finished_;
  std::set<uint64_t> changed_;  // batches whose record changed
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_LEDGER_H_
