// How gradients of dense tensors travel where a job sends less than a number for each value (`wire: onebit | topk`).
//
// A coding loses something on purpose. Quantise does that, in place: what comes out are float32 values again, few
// different ones, or few that are not zero. Encode and Decode then lose nothing: a gradient that was quantised gives
// the same bytes however often it is encoded, and a server gets exactly the values that the worker kept. What was lost
// is the worker's to add to its next gradient (worker/exchange/error_feedback.h).
#ifndef PUMASI_OPS_WIRE_DENSE_CODING_H_
#define PUMASI_OPS_WIRE_DENSE_CODING_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "common/wire/byte_block.h"
#include "common/wire/byte_view.h"
#include "proto/table.pb.h"

namespace pumasi {

struct DenseCoding {
  enum class Kind : uint8_t {
    kValues,  // all values, as ops/wire/value_codec.h has them; nothing is lost here
    kOneBit,  // ops/wire/one_bit.h
    kLargest  // ops/wire/largest_values.h
  };
  Kind kind = Kind::kValues;
  double fraction = 0;  // kLargest: of a tensor's values, those that are sent

  bool on() const { return kind != Kind::kValues; }
};

// As a job names it, for messages: "onebit".
const char* CodingName(DenseCoding::Kind kind);

// Tensors whose gradients the coding is for: dense ones that the optimizer changes. Rows are few of many already, and
// statistics are no gradients: their values all count, and not only their sum over time.
inline bool IsCoded(const DenseCoding& coding, const v1::TableSpec& spec) {
  return coding.on() && spec.kind() == v1::TableSpec::DENSE && spec.update() == v1::TableSpec::OPTIMIZER;
}

// The functions below are for codings that are on(). Thread-safe.

// Of a whole tensor: values += lost; then values become what is sent, and lost what is not: their sum stays the same,
// but for a float32's rounding. A value that is NaN or infinite leaves one that is.
void QuantiseDense(const DenseCoding& coding, size_t count, float* values, float* lost);

// One chunk of a tensor that was quantised. REQUIRES: it begins at a multiple of kOneBitGroup values.
ByteBlock EncodeDense(const DenseCoding& coding, size_t count, const float* values);

// The other way round, `count` values. InvalidArgument: these bytes are no such chunk, and why; FailedPrecondition: a
// value is NaN or infinite. `values` is of no use then.
absl::Status DecodeDense(const DenseCoding& coding, const ByteView& bytes, size_t count, float* values);

}  // namespace pumasi

#endif  // PUMASI_OPS_WIRE_DENSE_CODING_H_
