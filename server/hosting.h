// One job on a server, as a deterministic state machine: what the scheduler wants (assignments), what workers and other
// servers call, and what has to be done for it (server/hosting_effects.h). No thread, clock, socket or file.
#ifndef PUMASI_SERVER_HOSTING_H_
#define PUMASI_SERVER_HOSTING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/parameter_server.pb.h"
#include "proto/scheduler.pb.h"
#include "server/hosting_effects.h"
#include "server/outbox.h"
#include "server/shard.h"
#include "server/slot_copies.h"
#include "server/snapshot.h"

namespace pumasi {

// Not thread-safe: the caller takes turns. After each call TakeEffects says what is to be done. `now`: since an
// arbitrary start, never going back.
class Hosting {
 public:
  struct Options {
    uint64_t incarnation = 0;  // this server's
    std::string node;          // its name
    std::string output_root;   // for whoever does the effects: files are read and written below it only
    uint64_t memory_limit = 0;
  };
  explicit Hosting(Options options) : options_(std::move(options)), outbox_(options_.incarnation) {}

  // What the scheduler wants from now on. An assignment with an older layout than the one known is left out.
  void Assign(const v1::Assignment& assignment, absl::Duration now);

  // Calls of workers. Refusals carry an ErrorDetail. NOT_READY, UNAVAILABLE: may be tried again once changed() has
  // moved. OVER_LIMIT: after a while; where it can't ever pass, the scheduler is told.
  absl::Status Pull(const v1::PullRequest& request, OutgoingPull* response) const;
  absl::Status Push(const v1::PushRequest& request, const ArrivedValues& values, v1::PushResponse* response,
                    absl::Duration now);
  // A call of another server. Likewise.
  absl::StatusOr<v1::SlotState> FetchSlot(const v1::FetchSlotRequest& request) const;

  // How effects went. What was not asked for, or not any more, counts for nothing.
  void ShardMade(uint64_t ticket, absl::StatusOr<std::unique_ptr<Shard>> shard, absl::Duration now);
  // Bytes of the answer came. False: nobody wants it any more.
  bool FetchMoved(uint64_t ticket, uint64_t bytes, absl::Duration now);
  void Fetched(uint64_t ticket, absl::StatusOr<v1::SlotState> state, absl::Duration now);
  // `norms`: the answer, if a CombineNormsRequest was told and `status` is ok.
  void Told(uint64_t ticket, const absl::Status& status, const v1::CombineNormsResponse& norms, absl::Duration now);
  void SnapshotWritten(const Snapshot& snapshot, const absl::Status& status, absl::Duration now);
  // `status`: of LogWriter, for all of the wish's records.
  void Logged(uint64_t ticket, const absl::Status& status, absl::Duration now);

  // Time has passed: to be called at NextDeadline, at the latest.
  void Tick(absl::Duration now) { Pump(now); }
  absl::Duration NextDeadline() const;

  HostingEffects TakeEffects() { return std::exchange(effects_, {}); }
  bool HasEffects() const { return !effects_.empty(); }

  // Moves whenever a call that was refused with NOT_READY or UNAVAILABLE may have a better chance.
  uint64_t changed() const { return changed_; }
  // nullptr: not made yet.
  const Shard* shard() const { return shard_.get(); }
  const v1::Assignment& assignment() const { return assignment_; }

 private:
  absl::Status CheckHeader(const v1::CallHeader& header) const;
  absl::Status CheckWorker(const v1::CallHeader& header) const;
  // The job's parameters are in use: calls are answered.
  bool serving() const;

  // The assignment is another, or the shard: makes, drops or changes what follows from it.
  void Adopt(absl::Duration now);
  void AdoptLayout(absl::Duration now);
  void WishShard(bool empty);
  void DropShard();

  // Slots may have applied batches, or may do so now; `before`: LeastPrimaryVersion() of before.
  void Advanced(std::optional<uint64_t> before, uint64_t applied_before, absl::Duration now);
  // Checkpoints: hosting_checkpoints.cc.
  void BeginCheckpoint(uint64_t version, absl::Duration now);
  void BeginSaveIfWanted();
  Snapshot::Target TargetFor(const std::string& folder, uint64_t version, uint64_t since) const;
  absl::Status StartSnapshot(Snapshot::Target target);
  void TellSaved(const Snapshot::Target& target, const ShardFileInfo& info, const std::string& error,
                 absl::Duration now);

  // The log of applied gradients: hosting_log.cc.
  void WriteLog(absl::Duration now);
  // The first version of the file that records of a batch go to.
  uint64_t LogFileOf(uint64_t version) const;
  // Records of the batches [first, last] are not on the disk, and won't be: the scheduler is told once for each file.
  void LogLost(uint64_t first, uint64_t last, uint64_t file, absl::string_view why, absl::Duration now);
  // The first batch with a record that is not on the disk yet; nullopt: there is none.
  std::optional<uint64_t> FirstUnlogged() const;
  // NOT_READY unless all records of batches before `end` are on the disk (or lost to a failed write).
  absl::Status CheckLogged(uint64_t end) const;

  // What the scheduler is told: hosting_reports.cc.
  void AskNorms(absl::Duration now);
  void TookNorms(const v1::CombineNormsRequest& asked, const v1::CombineNormsResponse& norms, absl::Duration now);
  void NormsRefused(const v1::CombineNormsRequest& asked, const absl::Status& status, absl::Duration now);
  // A push did not fit the memory limit: hosting_memory.cc.
  void NoRoom(const absl::Status& refused, absl::Duration now);

  void TellReady(absl::Duration now);
  void TellFilled(absl::Duration now);
  void TellFailure(const std::string& message, absl::Duration now);
  void TellWarning(const std::string& message, absl::Duration now);
  // After every event: takes the steps that are due.
  void Pump(absl::Duration now);

  // A write of the log that takes longer is not waited for, nor is anything written behind it until it has ended.
  static constexpr absl::Duration kLogHangs = absl::Seconds(20);

  const Options options_;
  v1::Assignment assignment_;
  std::set<uint64_t> workers_, fenced_;

  std::unique_ptr<Shard> shard_;
  std::optional<SlotCopies> copies_;  // of shard_
  // What shard_ was, or is being, made for.
  struct MadeFor {
    uint64_t generation = 0;
    uint64_t epoch = 0;  // 0: none
    bool empty = false;
  } made_for_;
  uint64_t shard_ticket_ = 0;  // of the shard that is being made; 0: none is
  uint64_t next_ticket_ = 1;

  Outbox outbox_;
  uint64_t norms_ticket_ = 0, ready_ticket_ = 0, filled_ticket_ = 0;
  absl::Duration norms_due_ = absl::ZeroDuration();
  absl::Duration ready_due_ = absl::InfiniteDuration(), filled_due_ = absl::ZeroDuration();
  std::string filled_;  // the last report of copies
  bool failed_ = false;

  // When the first of the pushes came that were refused in a row for want of memory.
  absl::Duration no_room_since_ = absl::InfiniteDuration();

  std::shared_ptr<Snapshot> snapshot_;             // being written
  std::pair<std::string, uint64_t> saved_{"", 0};  // folder and epoch of the last checkpoint on the scheduler's wish

  // Of this generation.
  struct Log {
    std::vector<LoggedBytes> waiting;  // for the write that is under way, in the order in which they were applied
    uint64_t ticket = 0;               // of that write; 0: none is
    absl::Duration since;              // when it began
    uint64_t hanging = 0;              // the ticket of one that took too long, and has not ended; 0: none
    uint64_t first = 0, last = 0;      // batches of its records
    uint64_t file = 0;                 // first version of the file that is written to
    std::optional<uint64_t> warned;    // the file whose lost records the scheduler was told of last
  } log_;

  uint64_t changed_ = 0;
  HostingEffects effects_;
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_HOSTING_H_
