// Sets of rows and dense chunks, as they stand in a v1::SlotState.
#ifndef PUMASI_SERVER_SLOT_VALUES_H_
#define PUMASI_SERVER_SLOT_VALUES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/tree/gradient.h"
#include "proto/parameter_server.pb.h"
#include "server/parameter_shape.h"

namespace pumasi {

// Appends ids (ascending, each once) as deltas.
class DeltaWriter {
 public:
  explicit DeltaWriter(v1::SlotState::Rows* rows) : rows_(rows) {}
  void Add(uint64_t id) {
    rows_->add_deltas(id - previous_);
    previous_ = id;
  }

 private:
  v1::SlotState::Rows* const rows_;
  uint64_t previous_ = 0;
};

// Rows and chunks: a gradient, values or states; empty pieces are left out.
void WriteValues(const std::vector<RowGradient>& rows, const std::vector<std::vector<float>>& dense,
                 const ParameterShape& shape, uint32_t slot, v1::SlotState::Values* out);
// The same back: a gradient of the slot. `copies`: floats to each value, 1 but for states. InvalidArgument, beginning
// with `what`: it does not fit the shape.
absl::StatusOr<Gradient> ReadValues(const v1::SlotState::Values& values, const ParameterShape& shape, uint32_t slot,
                                    int copies, const std::string& what);

// The checked ids of `rows`: of a row table, ascending, of this slot, and with so many floats each as `copies` of a row
// have. InvalidArgument, beginning with `what`.
absl::StatusOr<std::vector<uint64_t>> ReadIds(const v1::SlotState::Rows& rows, const ParameterShape& shape,
                                              uint32_t slot, int copies, const std::string& what);
// The checked place of a chunk in shape.chunks[slot]; likewise.
absl::StatusOr<size_t> ReadPlace(const v1::DenseChunk& chunk, const ParameterShape& shape, uint32_t slot, int copies,
                                 const std::string& what);

}  // namespace pumasi

#endif  // PUMASI_SERVER_SLOT_VALUES_H_
