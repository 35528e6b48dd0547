// Gradients of parts of a batch, and how two of them add up.
#ifndef PUMASI_OPS_TREE_GRADIENT_H_
#define PUMASI_OPS_TREE_GRADIENT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pumasi {

// Gradients of some rows of a row table.
struct RowGradient {
  std::vector<uint64_t> ids;  // ascending, each once
  std::vector<float> values;  // ids.size() × width
};

struct Gradient {
  std::vector<RowGradient> rows;          // by table; empty for dense tables and untouched row tables
  std::vector<std::vector<float>> dense;  // by dense tensor, or by chunk of one; empty: no gradient there
};

class NodeRounding;

// left += right, in float32, `left` being of the lower parts. A row or a dense piece that only one of them has is taken
// as it is. `widths`: columns of each table. The bits depend on the arguments alone, not on the instruction set.
void Add(Gradient& left, Gradient&& right, const std::vector<uint32_t>& widths);
// Likewise; what was added is rounded as the node's that the sum is. What one of them had alone is not: it has been.
void Add(Gradient& left, Gradient&& right, const std::vector<uint32_t>& widths, const NodeRounding& rounding);

// Rounds all of a gradient: that of a leaf.
void Round(const NodeRounding& rounding, const std::vector<uint32_t>& widths, Gradient* gradient);

// Bytes that a gradient's vectors hold, spare room included; what lists them is left out.
uint64_t MemoryOf(const std::vector<RowGradient>& rows, const std::vector<std::vector<float>>& dense);
inline uint64_t MemoryOf(const Gradient& gradient) { return MemoryOf(gradient.rows, gradient.dense); }

// All values finite? Faster than looking for the first one that is not.
bool AllFinite(const float* values, size_t size);

}  // namespace pumasi

#endif  // PUMASI_OPS_TREE_GRADIENT_H_
