// Pushes as they arrive: checked against what this server holds, and taken apart into a gradient.
#ifndef PUMASI_SERVER_GRADIENT_MESSAGE_H_
#define PUMASI_SERVER_GRADIENT_MESSAGE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/tree/gradient.h"
#include "proto/error.pb.h"
#include "proto/parameter_server.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// What a server's part of a job looks like, for checking messages against it.
struct ShardShape {
  struct Chunk {
    uint32_t table;
    uint32_t chunk;
    uint32_t floats;
  };
  std::vector<v1::TableSpec> tables;
  std::vector<Chunk> chunks;       // the dense chunks that the server owns, by (table, chunk)
  std::vector<uint32_t> widths;    // of the tables
  std::vector<bool> slot_is_ours;  // by slot
  uint32_t slots() const { return static_cast<uint32_t>(slot_is_ours.size()); }
  // Position of the chunk in `chunks`, or -1.
  int Find(uint32_t table, uint32_t chunk) const;
};

// Checks a push against the shape and its checksums, and takes it apart. Errors: kInvalidArgument (contradicts the
// tables), kDataLoss (checksum), kFailedPrecondition (NaN or infinite; names table and row).
absl::StatusOr<Gradient> ParseGradient(const v1::PushRequest& push, const ShardShape& shape);

// Decodes delta-coded keys, checked: ascending, below the table's rows, and in our slots. kInvalidArgument otherwise.
absl::StatusOr<std::vector<uint64_t>> DecodeKeys(const v1::RowKeys& keys, const ShardShape& shape);

// The reason that goes with an error of the functions above.
v1::ErrorDetail::Reason MessageProblem(const absl::Status& status);

}  // namespace pumasi

#endif  // PUMASI_SERVER_GRADIENT_MESSAGE_H_
