// The part of one job's parameters that one server holds, as a deterministic state machine of the synchronous protocol.
//
// version() counts applied batches. Pushes for batch number version() are gathered in the job's tree of parts; with the
// last one the optimizer runs, and the version goes up by one. What was applied is remembered as that number and the
// parts of the batch in progress, so memory of past units is bounded.
//
// A unit may be computed again by another worker while this shard has applied the whole batch and another shard has not
// (the first worker died between its pushes). The second worker needs the values from before the batch, so the rows
// that the last batch changed are kept as they were: pulls are answered at version() and at version() - 1. No more is
// needed: a part of batch v is only computed after every server answered a pull at v, so once a push for v arrives
// here, batch v - 1 has been applied everywhere.
//
// Where the job clips by norm, a complete batch first waits for the norms of all servers: squares() is what this one
// adds to them, and ApplyNorms goes on.
#ifndef PUMASI_SERVER_SHARD_H_
#define PUMASI_SERVER_SHARD_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ops/exact_sum.h"
#include "ops/optimizer.h"
#include "ops/rate_schedule.h"
#include "ops/tree/part_tree.h"
#include "proto/job.pb.h"
#include "proto/parameter_server.pb.h"
#include "proto/table.pb.h"
#include "server/gradient_message.h"
#include "server/row_table.h"

namespace pumasi {

class ModelFolder;
class ShardWriter;

// Not thread-safe: the caller takes turns.
class Shard {
 public:
  struct Options {
    v1::Job job;
    std::vector<v1::TableSpec> tables;
    v1::Layout layout;
    uint64_t incarnation = 0;  // which of the layout's servers this is
    uint64_t first_version = 0;
    uint64_t memory_limit = 0;  // bytes of tables and slots, 0: none
    RateChanges rate_changes;   // of the learning rate up to first_version
  };
  // Tables with their initial values; no slot of the layout may be ours. InvalidArgument: job, tables or layout make no
  // sense. OVER_LIMIT: the dense tables alone pass the memory limit.
  static absl::StatusOr<std::unique_ptr<Shard>> Create(const Options& options);

  // Replaces values and optimizer slots by those of a checkpoint at the shard's first version.
  absl::Status Load(const ModelFolder& checkpoint);

  // Refusals carry an ErrorDetail (common/error_detail.h). NOT_READY: the version will come; ask again.
  absl::Status Pull(const v1::PullRequest& request, v1::PullResponse* response) const;
  absl::Status Push(const v1::PushRequest& request, v1::PushResponse* response);

  // The batch version() is complete and waits for ApplyNorms.
  bool waits_for_norms() const { return !squares_.empty(); }
  // By table; what GradientSquares makes of the batch. REQUIRES: waits_for_norms().
  const std::vector<ExactSum>& squares() const { return squares_; }
  // Applies the batch, scaled to what the norms allow. `squares`: of all servers, by table. Without effect for a
  // version that does not wait (an answer that comes twice). NOT_FINITE, naming the table: the batch can't be applied.
  absl::Status ApplyNorms(uint64_t version, const std::vector<double>& squares);

  // Writes all values and slots, as they are at version().
  absl::Status Save(ShardWriter& writer) const;

  uint64_t version() const { return version_; }
  uint64_t layout_epoch() const { return layout_epoch_; }
  uint64_t bytes() const;
  const ShardShape& shape() const { return shape_; }

 private:
  explicit Shard(const Options& options);
  // Makes the optimizers anew.
  absl::Status SetRateChanges(RateChanges changes);
  // Refuses changes that contradict those known, and takes over new ones.
  absl::Status TakeRateChanges(const v1::PushRequest& request);
  const Optimizer& optimizer_of(size_t table) const { return *(averages_[table] ? averages_[table] : optimizer_); }
  absl::Status PullRows(const v1::RowKeys& keys, uint64_t version, v1::RowValues* out) const;
  absl::Status Refuse(int reason, const std::string& message) const;
  std::string WaitingFor() const;
  void Apply(Gradient&& gradient);
  // OVER_LIMIT if `more` bytes would pass the memory limit.
  absl::Status CheckMemory(uint64_t more) const;
  uint64_t NewRowBytes(const Gradient& gradient) const;

  // The values that the last applied batch replaced.
  struct Before {
    std::vector<RowGradient> rows;          // by table; `values` are the old values
    std::vector<std::vector<float>> dense;  // by chunk
    bool valid = false;
  };

  const uint64_t layout_epoch_;
  const uint64_t memory_limit_;
  const uint32_t parts_;
  const v1::Optimizer optimizer_settings_;
  ShardShape shape_;
  RateChanges rate_changes_;
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<std::unique_ptr<Optimizer>> averages_;  // by table; nullptr where the job's optimizer is used
  uint64_t version_;
  std::optional<PartTree> tree_;                 // of batch version_; set once the tables are known
  std::vector<std::unique_ptr<RowTable>> rows_;  // by table; nullptr for dense tables
  std::vector<std::vector<float>> dense_;        // by chunk: value, then optimizer slots
  Before before_;
  Gradient complete_;              // of batch version_, while it waits for norms
  std::vector<ExactSum> squares_;  // of complete_, by table; empty: none waits
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_SHARD_H_
