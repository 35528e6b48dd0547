// Pushes as they arrive: checked against the job's shape and the slots that this server holds, and taken apart into a
// gradient for each slot.
#ifndef PUMASI_SERVER_GRADIENT_MESSAGE_H_
#define PUMASI_SERVER_GRADIENT_MESSAGE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "common/wire/value_message.h"
#include "ops/tree/gradient.h"
#include "proto/error.pb.h"
#include "proto/parameter_server.pb.h"
#include "server/parameter_shape.h"

namespace pumasi {

// By slot: what a server has to do with it.
enum class SlotUse : uint8_t {
  kForeign,  // not held: rows and chunks of it are refused
  kSkipped,  // held, but what the message brings of it is not wanted: checked and left out
  kTaken,
};

// Decoded keys, and the slot of each.
struct Keys {
  std::vector<uint64_t> ids;    // ascending, each once
  std::vector<uint32_t> slots;  // of the ids
};

// Decodes delta-coded keys, checked: ascending, below the table's rows, and of no slot that is kForeign.
// kInvalidArgument otherwise. `uses`: by slot.
absl::StatusOr<Keys> DecodeKeys(const v1::RowKeys& keys, const ParameterShape& shape, const std::vector<SlotUse>& uses);

// Checks a push, whose values lie beside it, against the shape and its checksums, and takes it apart: a gradient of
// float32 for each slot that is kTaken, with `rows` by table and `dense` by the slot's chunks (ParameterShape.chunks);
// for other slots an empty one, without tables. Errors: kInvalidArgument (contradicts the tables), kDataLoss
// (checksum), kFailedPrecondition (NaN or infinite; names table and row).
absl::StatusOr<std::vector<Gradient>> ParseGradient(const v1::PushRequest& push, const ArrivedValues& values,
                                                    const ParameterShape& shape, const std::vector<SlotUse>& uses);

// The reason that goes with an error of the functions above.
v1::ErrorDetail::Reason MessageProblem(const absl::Status& status);

}  // namespace pumasi

#endif  // PUMASI_SERVER_GRADIENT_MESSAGE_H_
