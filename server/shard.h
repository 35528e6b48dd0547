// The slots of one job and generation that one server holds, as a deterministic state machine of the synchronous
// protocol (docs/protocol.md). Each slot (server/slot.h) goes on by itself; this is what holds for all of them: which
// calls are answered, and from which slots.
//
// A pull at version v is answered only if every slot here, of whatever role, has applied v batches, or one more and
// knows what that replaced. So no part of batch v is computed before every copy of every slot has applied batch v - 1,
// and copies of a slot differ by one batch at most.
//
// With consistency: bounded or async (common/consistency.h) a pull that says so is answered with the latest values
// there are, once no more than `staleness` of the batches before v are missing in any slot. Then slots may be several
// batches apart; but none goes beyond a version of which a checkpoint is wanted until all that this server is the
// primary of have come to it, and PassCut was called. Where dense chunks have slots of their own, these stay in step
// all the same: their pull waits for all batches before v, and each batch is one update.
//
// Where the job clips by norm, complete batches first wait for the norms of all servers: Squares() is what this one
// adds to them, and ApplyNorms goes on.
#ifndef PUMASI_SERVER_SHARD_H_
#define PUMASI_SERVER_SHARD_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/layout/slot_roles.h"
#include "common/wire/value_message.h"
#include "ops/exact_sum.h"
#include "proto/job.pb.h"
#include "proto/parameter_server.pb.h"
#include "server/gradient_message.h"
#include "server/job_optimizers.h"
#include "server/pulled_rows.h"
#include "server/slot.h"

namespace pumasi {

class ModelFolder;
class PushLog;

// Records for the log of applied gradients (common/checkpoint/push_log.h), all of batch `version`.
struct LoggedBytes {
  uint64_t version;
  std::string records;
  std::shared_ptr<CountedBytes> counted = nullptr;  // of `records`, at the shard's account, for as long as they live
};

// Not thread-safe: the caller takes turns.
class Shard {
 public:
  struct Options {
    v1::Job job;
    std::vector<v1::TableSpec> tables;
    v1::Layout layout;
    uint64_t incarnation = 0;  // which of the layout's servers this is
    uint64_t first_version = 0;
    uint64_t memory_limit = 0;  // bytes of all that MemoryAccount counts; 0: none
    RateChanges rate_changes;   // of the learning rate up to first_version
    // The server comes while training is on: none of its slots is here yet, all are copied from others.
    bool empty = false;
    bool log = false;  // applied gradients are recorded, for TakeLog
  };
  // Slots with their initial values; no slot of the layout may be ours. InvalidArgument: job, tables or layout make no
  // sense. OVER_LIMIT: the dense tables alone, with what a batch needs besides, pass the memory limit.
  static absl::StatusOr<std::unique_ptr<Shard>> Create(const Options& options);

  // Replaces values and optimizer slots by those of a checkpoint at the shard's first version.
  absl::Status Load(const ModelFolder& checkpoint);
  // Goes on with logged gradients, up to version `to`; nothing of it is recorded again. The values from before the last
  // batch are not known then, as after Load. NotFound, naming slot and batch: the log lacks a record. DataLoss: a
  // record does not fit the shape. OVER_LIMIT as of Push. REQUIRES: all slots are whole, without parts of a batch.
  absl::Status Replay(const PushLog& log, uint64_t to);

  // Another layout of the same generation. Slots that are not ours any more are dropped. InvalidArgument: it makes no
  // sense, and nothing has changed.
  absl::Status SetLayout(const v1::Layout& layout);
  // A copy that is whole: from now on the slot is read and pushed to. Refused with OVER_LIMIT, or InvalidArgument if
  // its rate changes contradict those known. REQUIRES: role(slot->number()) != kNone, !whole(slot->number()).
  absl::Status TakeSlot(std::shared_ptr<Slot> slot, const RateChanges& changes);
  // An empty slot to copy into; it counts as a copy until it is taken.
  std::shared_ptr<Slot> NewSlot(uint32_t number, uint64_t version = 0) const;
  // Room for a copy of a slot that takes about so many bytes, and beside it for another batch as large as the last one?
  // OVER_LIMIT otherwise.
  absl::Status CheckCopy(uint64_t bytes) const;

  // Refusals carry an ErrorDetail (common/error_detail.h). NOT_READY: the version, or a copy of a slot, will come; ask
  // again. OVER_LIMIT: nothing was taken. Where `waiting_for` says what may make room, ask again after a while;
  // otherwise the batch does not fit the memory limit whatever else ends.
  absl::Status Pull(const v1::PullRequest& request, OutgoingPull* response) const;
  // `values`: of the request, in which they need not be.
  absl::Status Push(const v1::PushRequest& request, const ArrivedValues& values, v1::PushResponse* response);

  // The batch whose norms this server waits for: one of its slots is complete, and all that it is the primary of are,
  // or have applied that batch.
  std::optional<uint64_t> waits_for_norms() const;
  // By table: over the slots that this server is the primary of and that wait. REQUIRES: waits_for_norms().
  std::vector<ExactSum> Squares();
  // The norms of batch `version`: applies it where it is complete, and later where it is not yet. `squares`: of all
  // servers, by table. Without effect for a batch that is past. NOT_FINITE, naming the table: the batch can't be
  // applied.
  absl::Status ApplyNorms(uint64_t version, const std::vector<double>& squares);

  // Lets slots go beyond the versions of checkpoints that all slots of which this server is the primary have come to.
  // Returns whether one has gone on.
  bool PassCut();

  SlotRole role(uint32_t slot) const { return roles_[slot]; }
  bool whole(uint32_t slot) const { return slots_[slot] != nullptr; }
  // nullptr: not whole.
  const std::shared_ptr<Slot>& slot(uint32_t slot) const { return slots_[slot]; }
  // All slots of ours are whole.
  bool AllWhole() const { return missing_ == 0; }
  // The least version of the slots that are here, or of those of them that this server is the primary of; nullopt:
  // there is none.
  std::optional<uint64_t> LeastVersion() const;
  std::optional<uint64_t> LeastPrimaryVersion() const;
  // The slots that this server is the primary of, if all of them are at `version` and have nothing of later batches;
  // empty otherwise.
  std::vector<std::shared_ptr<Slot>> PrimariesAt(uint64_t version) const;
  // Goes up with each batch that a slot applies.
  uint64_t applied() const { return applied_; }
  // What was applied since the last call, in that order; empty if Options::log is not set.
  std::vector<LoggedBytes> TakeLog() { return std::exchange(log_, {}); }

  const v1::Layout& layout() const { return layout_; }
  uint64_t layout_epoch() const { return layout_.epoch(); }
  const std::shared_ptr<MemoryAccount>& memory() const { return memory_; }
  uint64_t bytes() const { return memory_->bytes(); }
  const ParameterShape& shape() const { return *shape_; }
  const std::shared_ptr<const ParameterShape>& shared_shape() const { return shape_; }
  const JobOptimizers& optimizers() const { return optimizers_; }

 private:
  Shard(const Options& options, std::shared_ptr<const ParameterShape> shape, JobOptimizers optimizers);
  absl::Status MakeSlots();
  absl::Status LoadSlot(const ModelFolder& checkpoint, Slot& slot);
  // `version`: nothing: each slot's latest.
  absl::Status PullRows(const v1::RowKeys& keys, std::optional<uint64_t> version, std::optional<uint32_t> lane,
                        OutgoingPull* out) const;
  void PullDense(std::optional<uint64_t> version, uint64_t wanted, std::optional<uint32_t> lane,
                 OutgoingPull* out) const;
  absl::Status TooLate(uint64_t wanted, const Slot& late) const;
  absl::Status PullLatest(const v1::PullRequest& request, uint32_t staleness, OutgoingPull* response) const;
  absl::Status PullValues(const v1::PullRequest& request, std::optional<uint64_t> version,
                          OutgoingPull* response) const;
  absl::Status Refuse(int reason, const std::string& message) const;
  std::string WaitingFor() const;
  absl::Status ReplaySlot(const PushLog& log, uint64_t to, Slot& slot);
  // NOT_READY: a push for the batch is too early.
  absl::Status CheckAhead(const v1::PushRequest& request) const;
  // Applies the slot's batch if it is complete and, where norms count, these are known; with async what waits.
  void ApplyIfComplete(Slot& slot);
  void ApplyBatch(Slot& slot);
  // Slots may apply batches before this one.
  uint64_t EndOfBatches() const;
  // OVER_LIMIT, for ever, if `more` bytes would pass the memory limit.
  absl::Status CheckMemory(uint64_t more) const;
  // Room for a part of a batch, with `growth` as of Slot::Growth? `alone`: what it takes at least, were no other there.
  absl::Status CheckPush(int64_t growth, uint64_t alone) const;
  absl::Status OverLimit(uint64_t bytes, const std::string& waiting_for) const;

  const std::shared_ptr<const ParameterShape> shape_;
  const uint64_t incarnation_;
  const std::shared_ptr<MemoryAccount> memory_;
  const uint32_t parts_;
  uint64_t first_version_;
  v1::Layout layout_;
  JobOptimizers optimizers_;
  std::vector<SlotRole> roles_;               // by slot
  std::vector<std::shared_ptr<Slot>> slots_;  // by slot; nullptr: not ours, or not whole
  std::vector<SlotUse> reads_;                // by slot: kTaken where pulls ask this server for values
  uint32_t missing_ = 0;                      // slots of ours that are not whole
  uint64_t applied_ = 0;
  const uint64_t
      cut_every_;        // checkpoints are of versions that this divides; 0: there are none, or nothing waits for them
  uint64_t passed_ = 0;  // the last of these versions that slots may go beyond
  // The last norms that were given: factors of batch norms_version_; empty: none.
  uint64_t norms_version_ = 0;
  std::vector<float> factors_;
  mutable PulledRows pulled_;  // a memory of what Pull computed: changes no answer
  const bool logs_;
  std::vector<LoggedBytes> log_;
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_SHARD_H_
