// Which server holds what: splits a part's rows and a model's tensors by server, and puts answers together again.
#ifndef PUMASI_WORKER_EXCHANGE_ROUTER_H_
#define PUMASI_WORKER_EXCHANGE_ROUTER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/wire/value_message.h"
#include "ops/precision.h"
#include "ops/tree/gradient.h"
#include "ops/wire/dense_coding.h"
#include "proto/parameter_server.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// The parameters that a unit needs, at one version.
struct PulledParameters {
  std::vector<std::vector<float>> dense;  // by table; empty for the row table
  std::vector<uint64_t> ids;              // rows asked for
  std::vector<float> rows;                // ids.size() × width
};

// Knows a job's tables and one layout of them. Values are asked of a slot's primary alone, those of replicated slots
// all of one copy: one's own, if it is whole. Gradients go to every server that holds a copy of the slot or is
// being filled with it. Thread-safe: it does not change.
class Router {
 public:
  // One row table at most. `wire`: of values in messages. `coding`: of dense gradients, where they are not plain
  // values. `incarnation`: whose router it is, which may hold slots itself. InvalidArgument if the layout does not make
  // sense (CheckLayout).
  static absl::StatusOr<Router> Create(std::vector<v1::TableSpec> tables, v1::Layout layout,
                                       Precision wire = Precision::kFloat32, const DenseCoding& coding = {},
                                       uint64_t incarnation = 0);

  size_t servers() const { return layout_.servers_size(); }
  const v1::Layout& layout() const { return layout_; }
  // Index of the row table, or -1.
  int row_table() const { return row_table_; }
  // Servers to pull from and to push to: those that hold any slot in any role, ascending. Those of them that nothing is
  // read from are asked for no values; they answer once they are at the version.
  const std::vector<uint32_t>& holders() const { return holders_; }
  // A piece of a dense table (common/layout/slots.h).
  struct Chunk {
    uint32_t table;
    uint32_t chunk;
    uint32_t floats;
  };
  // Those that a server is the primary of, in the order of tables and chunks.
  const std::vector<Chunk>& primary_chunks(uint32_t server) const { return primary_chunks_[server]; }

  // For each server, positions in `ids` (ascending ids) of the rows that it is to be asked for, or told of.
  using Positions = std::vector<std::vector<uint32_t>>;
  Positions SplitPull(const std::vector<uint64_t>& ids) const;
  Positions SplitPush(const std::vector<uint64_t>& ids) const;
  // Of a gradient's rows.
  Positions SplitPush(const Gradient& gradient) const;
  void FillKeys(const std::vector<uint64_t>& ids, const std::vector<uint32_t>& positions, v1::RowKeys* keys) const;

  // Makes room in `out` for out->ids and the dense tables.
  void Prepare(PulledParameters* out) const;
  // Rows and dense chunks that `server` is asked for; the header and the version are the caller's.
  void FillPull(const std::vector<uint64_t>& ids, size_t server, const std::vector<uint32_t>& positions,
                v1::PullRequest* pull) const;
  // Checks an answer of `server` against what was asked (`positions` of out->ids, dense chunks too) and copies it to
  // its places. Answers of different servers may be taken at the same time. Errors: DataLoss (checksum), MALFORMED (the
  // server sent something else).
  absl::Status Take(const v1::PullResponse& response, const ArrivedValues& values, size_t server,
                    const std::vector<uint32_t>& positions, PulledParameters* out) const;
  // The rows and chunks of `gradient` that `server` holds a copy of; the header, the version and the parts are the
  // caller's. Chunks that travel as float32 are not copied: `push` keeps the gradient alive, and it must not change.
  // REQUIRES: it was quantised where its chunks are coded (worker/exchange/error_feedback.h).
  void FillPush(const std::shared_ptr<const Gradient>& gradient, size_t server, const std::vector<uint32_t>& positions,
                OutgoingPush* push) const;

 private:
  using Chunks = std::vector<std::vector<Chunk>>;  // by server, in the order of tables and chunks
  std::vector<v1::TableSpec> tables_;
  v1::Layout layout_;
  Precision wire_ = Precision::kFloat32;
  DenseCoding coding_;
  int row_table_ = -1;
  std::vector<uint32_t> holders_;
  std::vector<std::vector<uint32_t>> slot_holders_;  // by slot
  std::vector<uint32_t> slot_reader_;                // by slot: who is asked for its values
  Chunks primary_chunks_;
  Chunks read_chunks_;  // that a server is asked for
  Chunks held_chunks_;  // in whatever role
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_EXCHANGE_ROUTER_H_
