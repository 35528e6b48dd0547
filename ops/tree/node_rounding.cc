#include "ops/tree/node_rounding.h"

#include <algorithm>

#include "common/layout/slots.h"
#include "ops/fp16.h"
#include "ops/stochastic_rounding.h"

namespace pumasi {

NodeRounding::NodeRounding(const BatchRounding& batch, PartRange node) : wire_(batch.wire_), pieces_(batch.pieces_) {
  if (on()) stream_ = RoundingStream(batch.seed_, batch.version_, node.first, node.end);
}

void NodeRounding::RoundRow(uint32_t table, uint64_t id, size_t width, float* values) const {
  if (wire_ == Precision::kFp16) {
    RoundStochasticallyToFp16(stream_, table, id, width, values);
  } else {
    RoundStochastically(stream_, table, id, width, values);
  }
}

void NodeRounding::RoundDense(size_t piece, size_t size, float* values) const {
  const DensePiece place = pieces_ != nullptr ? (*pieces_)[piece] : DensePiece{static_cast<uint32_t>(piece), 0};
  // A chunk counts as a row: workers have all chunks of a tensor at once, servers have each by itself.
  uint64_t chunk = place.first_chunk;
  for (size_t at = 0; at < size; at += kChunkFloats, ++chunk) {
    RoundRow(place.table, chunk, std::min<size_t>(size - at, kChunkFloats), values + at);
  }
}

}  // namespace pumasi
