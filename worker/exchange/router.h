// Which server holds what: splits a part's rows and a model's tensors by owner, and puts answers together again.
#ifndef PUMASI_WORKER_EXCHANGE_ROUTER_H_
#define PUMASI_WORKER_EXCHANGE_ROUTER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ops/tree/gradient.h"
#include "proto/parameter_server.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// The parameters that a unit needs, at one version.
struct PulledParameters {
  std::vector<std::vector<float>> dense;  // by table; empty for the row table
  std::vector<uint64_t> ids;              // rows asked for
  std::vector<float> rows;                // ids.size() × width
};

// Knows a job's tables and one layout of them. Thread-safe: it does not change.
class Router {
 public:
  // One row table at most. InvalidArgument if the layout does not make sense.
  static absl::StatusOr<Router> Create(std::vector<v1::TableSpec> tables, v1::Layout layout);

  size_t servers() const { return layout_.servers_size(); }
  const v1::Layout& layout() const { return layout_; }
  // Index of the row table, or -1.
  int row_table() const { return row_table_; }

  // For each server, positions in `ids` (ascending ids) of the rows that it holds.
  std::vector<std::vector<uint32_t>> Split(const std::vector<uint64_t>& ids) const;
  void FillKeys(const std::vector<uint64_t>& ids, const std::vector<uint32_t>& positions, v1::RowKeys* keys) const;

  // Makes room in `out` for out->ids and the dense tables.
  void Prepare(PulledParameters* out) const;
  // Checks an answer of `server` against what was asked (`positions` of out->ids, dense chunks too) and copies it to
  // its places. Errors: DataLoss (checksum), Internal (the server sent something else).
  absl::Status Take(const v1::PullResponse& response, size_t server, const std::vector<uint32_t>& positions,
                    PulledParameters* out) const;
  // The rows and chunks of `gradient` that belong to `server`.
  void FillPush(const Gradient& gradient, size_t server, const std::vector<uint32_t>& positions,
                v1::PushRequest* push) const;

 private:
  struct Chunk {
    uint32_t table;
    uint32_t chunk;
    uint32_t floats;
  };
  std::vector<v1::TableSpec> tables_;
  v1::Layout layout_;
  int row_table_ = -1;
  std::vector<std::vector<Chunk>> chunks_;  // by server
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_EXCHANGE_ROUTER_H_
