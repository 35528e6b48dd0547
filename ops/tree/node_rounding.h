// Rounding of gradients where a job wants them in 16 bits on the wire (`wire: bf16 | fp16`).
//
// What a worker pushes may be one part's gradient, or the sum of several parts that another worker would have pushed
// one by one, for the server to add them up. So every node of the tree of parts (common/layout/part_range.h) is rounded
// when it is made, wherever that is: a leaf when it was computed, a sum after the addition. It is done at random
// (ops/stochastic_rounding.h, ops/fp16.h), by bits that depend on (seed, version, node, table, row, column) alone. A
// node's values take 16 bits each, then; what a sum takes over from one side alone stays as it is.
#ifndef PUMASI_OPS_TREE_NODE_ROUNDING_H_
#define PUMASI_OPS_TREE_NODE_ROUNDING_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/layout/part_range.h"
#include "ops/precision.h"

namespace pumasi {

// Where a dense piece of a gradient (ops/tree/gradient.h) stands in its table.
struct DensePiece {
  uint32_t table;
  uint32_t first_chunk;  // of those that it has (common/layout/slots.h)
};

// How the gradients of one batch are rounded. Thread-safe: it does not change.
class BatchRounding {
 public:
  // Not at all.
  BatchRounding() = default;
  // For a wire of float32 not at all. `seed`: the job's. `version`: the batch's number. `pieces`: by dense piece, has
  // to stay; nullptr: piece i is the whole of table i.
  BatchRounding(Precision wire, uint64_t seed, uint64_t version, const std::vector<DensePiece>* pieces = nullptr)
      : wire_(wire), seed_(seed), version_(version), pieces_(pieces) {}

 private:
  friend class NodeRounding;
  Precision wire_ = Precision::kFloat32;
  uint64_t seed_ = 0, version_ = 0;
  const std::vector<DensePiece>* pieces_ = nullptr;
};

// How a node's gradient is. Thread-safe: it does not change.
class NodeRounding {
 public:
  // Not at all.
  NodeRounding() = default;
  // `node`: of the tree over the batch's parts.
  NodeRounding(const BatchRounding& batch, PartRange node);

  bool on() const { return wire_ != Precision::kFloat32; }
  // In place; nothing happens unless on().
  void Row(uint32_t table, uint64_t id, size_t width, float* values) const {
    if (on()) RoundRow(table, id, width, values);
  }
  void Dense(size_t piece, size_t size, float* values) const {
    if (on()) RoundDense(piece, size, values);
  }

 private:
  void RoundRow(uint32_t table, uint64_t id, size_t width, float* values) const;
  void RoundDense(size_t piece, size_t size, float* values) const;

  Precision wire_ = Precision::kFloat32;
  uint64_t stream_ = 0;
  const std::vector<DensePiece>* pieces_ = nullptr;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_TREE_NODE_ROUNDING_H_
