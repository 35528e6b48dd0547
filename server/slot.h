// One slot of a job as one server holds it: values, the optimizer's slots, what the last batch replaced, and the parts
// of the batch in progress. The unit of everything at a server: a slot is pushed to, applied, copied, moved and saved
// by itself.
//
// version() counts applied batches. Gradients of batch number version() are gathered in the job's tree of parts; with
// the last one the optimizer runs, and the version goes up by one. What was applied is remembered as that number and
// the parts of the batch in progress, so memory of past units is bounded.
//
// A unit may be computed again by another worker while this slot has applied the whole batch and another one has not
// (the first worker died between its pushes). The second worker needs the values from before the batch, so the rows
// that the last batch changed are kept as they were: values are read at version() and at version() - 1. No more is
// needed: a part of batch v is only computed after every copy of every slot has applied batch v - 1.
//
// With consistency: bounded several batches are open at a time: their parts are gathered in a tree each, and applied in
// order. With async a part is a step of its own; which parts of the open batches were applied is remembered, and
// version() counts the batches before the first one that is not complete.
//
// With elastic averaging parts are lanes, each with values of its own beside those that count (ops/elastic_average.h):
// what they push is kept apart until the batch is complete, and what it replaces is kept with all lanes' values.
#ifndef PUMASI_SERVER_SLOT_H_
#define PUMASI_SERVER_SLOT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/wire/byte_block.h"
#include "ops/exact_sum.h"
#include "ops/tree/node_rounding.h"
#include "ops/tree/part_tree.h"
#include "proto/parameter_server.pb.h"
#include "server/job_optimizers.h"
#include "server/memory_account.h"
#include "server/parameter_shape.h"
#include "server/row_table.h"
#include "server/slot_cut.h"

namespace pumasi {

struct LoggedBatch;
class PulledRows;

// Not thread-safe.
class Slot {
 public:
  // Without rows, and with zeros for dense values. `copies`: as of JobOptimizers. `memory`: what it takes is counted
  // there. REQUIRES: number < shape->slots().
  Slot(std::shared_ptr<const ParameterShape> shape, uint32_t number, uint32_t parts, int copies, uint64_t version,
       std::shared_ptr<MemoryAccount> memory = std::make_shared<MemoryAccount>());

  uint32_t number() const { return number_; }
  uint64_t version() const { return version_; }
  // Of the optimizer, so far: version() but for async.
  uint64_t steps() const { return steps_; }
  // All batches before `version` are applied, and nothing of later ones.
  bool IsAt(uint64_t version) const {
    return version_ == version && steps_ == version * shape_->StepsPerBatch(number_);
  }
  // Of values and optimizer slots.
  uint64_t bytes() const { return stored_.bytes(); }
  // All that is counted (server/memory_account.h), but for a checkpoint's.
  uint64_t all_bytes() const {
    return stored_.bytes() + promised_.bytes() + before_bytes_.bytes() + gradient_bytes_.bytes();
  }
  // Not read and pushed to: what it takes counts as copies from now on, or no more.
  void SetAside(bool aside);
  // Gradients are going to be logged: room for the record of the batch in progress counts with its gradients.
  void SetLogged(bool logged) { logged_ = logged; }

  // --- The batches in progress.
  // How much of `range` of batch `version` is in.
  PartTree::Coverage Covers(uint64_t version, PartRange range) const;
  // Rows of the gradient that are neither here nor brought by parts that are in and wait: by table, ascending.
  using NewRows = std::vector<std::vector<uint64_t>>;
  NewRows FindNewRows(const Gradient& gradient) const;
  // By how much the slot's memory would grow with Insert, counting what Apply needs then, at most; it may shrink.
  int64_t Growth(uint64_t version, PartRange range, const Gradient& gradient, const NewRows& rows) const;
  // REQUIRES: version >= version(), Covers(version, range) == kNone; with async one part; the gradient is of this slot
  // (server/gradient_message.h). `rows`: of FindNewRows; may be left out, then the memory that they will take is
  // counted once they are there.
  void Insert(uint64_t version, PartRange range, Gradient&& gradient, NewRows rows = {});
  // All parts of batch version() are in: waits for Apply. (Never with async.)
  bool complete() const { return shape_->lanes > 0 ? LanesIn() : tree_.Complete(); }
  // With async: something of a batch before `end` waits for ApplyPart.
  bool HasPartBefore(uint64_t end) const;
  // By table: the sum of the squares of the complete batch. REQUIRES: complete().
  const std::vector<ExactSum>& Squares();
  // Applies the complete batch, each table's gradient times its factor; empty: 1. The gradient as the optimizer gets it
  // is appended to `log` (common/checkpoint/push_log.h); nullptr: nowhere. `pulled`: spares the catching up of rows
  // that it knows. REQUIRES: complete().
  void Apply(const JobOptimizers& optimizers, const std::vector<float>& factors = {}, std::string* log = nullptr,
             const PulledRows* pulled = nullptr);
  // With async: applies the first part that waits. REQUIRES: HasPartBefore(end) for some `end`.
  void ApplyPart(const JobOptimizers& optimizers);
  // Applies what Apply logged of batch number version(). Values from before it are not kept. DataLoss: it does not fit
  // the shape, and nothing was applied. REQUIRES: no part of the batch is in.
  absl::Status Replay(const LoggedBatch& batch, const JobOptimizers& optimizers);
  // "parts 2, 3": for messages.
  std::string Missing() const;

  // --- Values. `version` is version(), or the one before it if has_before().
  bool has_before() const { return before_.valid; }
  // With async the values are always the latest, whatever `version` is.
  // Writes the value of a row. False: it was never changed. REQUIRES: the row is of this slot. `fresh`: the optimizer's
  // slots of a new row. `pulled`: where values that have to be computed may be known, and are added otherwise; nullptr:
  // nowhere. `lane`: its own values, of elastic averaging.
  bool ReadRow(uint32_t table, uint64_t id, uint64_t version, const JobOptimizers& optimizers, const float* fresh,
               float* value, PulledRows* pulled = nullptr, std::optional<uint32_t> lane = std::nullopt) const;
  // The value of a chunk: shape.chunks[number()][chunk].floats of them; with elastic averaging all its state.
  const float* ReadDense(size_t chunk, uint64_t version) const;
  // A copy of it as messages have it, which others may keep, and its CRC32C: one for all who ask for the same version,
  // and lane's values.
  struct SharedChunk {
    uint64_t version = 0;  // with async: steps
    std::optional<uint32_t> lane;
    ByteBlock block;
    uint32_t crc32c = 0;
  };
  const SharedChunk& ShareDense(size_t chunk, uint64_t version, std::optional<uint32_t> lane = std::nullopt);

  // --- What is stored: value, then optimizer slots.
  const RowTable* rows(uint32_t table) const { return rows_[table].get(); }  // nullptr: a dense table
  std::vector<float>& dense(size_t chunk) { return dense_[chunk]; }
  const std::vector<float>& dense(size_t chunk) const { return dense_[chunk]; }
  // Floats of a stored row of a table, and of a stored chunk. Thread-safe: they do not change.
  size_t row_floats(uint32_t table) const { return size_t{shape_->widths[table]} * copies_; }
  size_t chunk_floats(size_t chunk) const { return size_t{shape_->chunks[number_][chunk].floats} * copies_; }
  // The state of a row, to be overwritten. REQUIRES: the table has rows, and no cut.
  float* SetRow(uint32_t table, uint64_t id, uint64_t last_step);

  // --- A copy for another server.
  // The whole of it, but for rows that did not change after `since`. `changes`: of the rate.
  v1::SlotState ToState(uint64_t since, const RateChanges& changes) const;
  // Takes over a state; where state.since() is not 0, on top of what is here. Rate changes are the caller's business.
  // InvalidArgument: the state does not fit the shape; the slot is of no use then.
  absl::Status TakeState(const v1::SlotState& state);

  // --- A checkpoint that is being written; one at a time. From BeginCut to EndCut what changes is kept as it was, as
  // long as the memory limit leaves room for it (SlotCut.no_room).
  void BeginCut(uint64_t since);
  void EndCut() { cut_.reset(); }
  SlotCut* cut() { return cut_.get(); }
  const std::shared_ptr<MemoryAccount>& memory() const { return memory_; }

 private:
  bool async() const { return shape_->IsAsync(number_); }
  // Parts of a batch are kept in open_, none of them added to another one.
  bool apart() const { return async() || shape_->lanes > 0; }
  // Of a value in before_ so many floats are kept.
  int copies_before() const { return shape_->lanes > 0 ? copies_ : 1; }
  // The values that the last applied batch replaced.
  struct Before {
    std::vector<RowGradient> rows;          // by table; `values` are the old values, or states (copies_before)
    std::vector<std::vector<float>> dense;  // by chunk
    bool valid = false;
  };
  void AppendToLog(const Gradient& gradient, std::string* log) const;
  absl::StatusOr<Gradient> ReadLogged(const LoggedBatch& batch) const;
  // Of the gradients of a batch.
  BatchRounding RoundingOf(uint64_t version) const { return {shape_->wire, shape_->seed, version, &pieces_}; }
  // The optimizer's next step, and what it leaves of values from before.
  Before Step(Gradient gradient, const JobOptimizers& optimizers, const PulledRows* pulled);
  // The step for batch version_, which is over then.
  void ApplyGradient(Gradient gradient, const JobOptimizers& optimizers, const PulledRows* pulled);
  // After a step: rows that it made are new no more.
  void ForgetMadeRows();
  void ApplyRows(uint32_t table, RowGradient& batch, const JobOptimizers& optimizers, const PulledRows* pulled);
  // With elastic averaging (server/slot_lanes.cc): all lanes of batch version_ are in; the step for it.
  bool LanesIn() const;
  void ApplyLanes(const ElasticAverage& elastic);
  RowGradient ApplyLanesRows(uint32_t table, const std::map<uint32_t, Gradient>& lanes, const ElasticAverage& elastic);
  // The row is about to change: a checkpoint may still need it as it is.
  void KeepForCut(uint32_t table, const RowTable::Row& row, uint32_t number);
  void KeepForCut(size_t chunk);
  // Counts so many bytes for the cut. False: there is no room, and what was kept is dropped.
  bool RoomForCut(uint64_t bytes);
  // Takes over FindNewRows of what was added to tree_.
  void AddNewRows(NewRows rows);
  // Of a gradient in open_, with what Apply needs besides.
  uint64_t MemoryApart(const Gradient& gradient) const;
  // After a change of tree_, new_rows_ or before_.
  void CountBatch();
  absl::Status TakeRows(const v1::SlotState::Rows& rows, uint64_t since, uint64_t steps);
  absl::Status TakeNode(const v1::SlotState::Node& node, uint64_t version);
  absl::Status TakeApplied(const v1::SlotState::Applied& applied, uint64_t version);
  void AddNodes(v1::SlotState* state) const;
  // After that many more steps a state's version is the optimizer's step.
  static uint64_t PartsOf(const v1::SlotState& state);

  const std::shared_ptr<const ParameterShape> shape_;
  const uint32_t number_;
  const uint32_t parts_;
  const int copies_;
  // With async and elastic averaging: of a batch that is not complete.
  struct Open {
    std::vector<bool> applied;          // by part; with elastic averaging none
    uint32_t count = 0;                 // of them
    std::map<uint32_t, Gradient> wait;  // by part: for a checkpoint's cut, or only for their turn
  };
  Open& OpenAt(uint64_t version);
  PartTree::Coverage CoversOpen(uint64_t version, PartRange range) const;
  std::string MissingOpen() const;

  uint64_t version_;
  uint64_t steps_;
  PartTree tree_;                                // of batch version_
  std::map<uint64_t, PartTree> ahead_;           // of later ones
  std::map<uint64_t, Open> open_;                // where parts are kept apart, instead of the trees
  std::vector<std::unique_ptr<RowTable>> rows_;  // by table; nullptr for dense tables
  std::vector<std::vector<float>> dense_;        // by chunk
  std::vector<DensePiece> pieces_;               // by chunk
  std::vector<SharedChunk> shared_;              // by chunk: the version that was asked for last
  NewRows new_rows_;  // by table: rows that what waits has and rows_ not, where they are counted
  Before before_;
  std::vector<ExactSum> squares_;  // of the complete batch; empty: not yet summed
  std::unique_ptr<SlotCut> cut_;
  bool logged_ = false;
  const std::shared_ptr<MemoryAccount> memory_;
  CountedBytes stored_, promised_, before_bytes_, gradient_bytes_;
  std::optional<Gradient> arrived_;  // where PlantedBug::kArrivalOrder is switched on
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_SLOT_H_
