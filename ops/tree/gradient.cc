#include "ops/tree/gradient.h"

#include <cstring>
#include <utility>

#include "ops/elementwise.h"
#include "ops/tree/node_rounding.h"
#include "ops/vector_clones.h"

namespace pumasi {

// Tests the exponent bits and gathers: unlike an early return it vectorises.
PUMASI_VECTOR_CLONES bool AllFinite(const float* values, size_t size) {
  uint32_t bad = 0;
  for (size_t i = 0; i < size; ++i) {
    uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    bad |= (bits & 0x7f800000) == 0x7f800000;
  }
  return bad == 0;
}

uint64_t MemoryOf(const std::vector<RowGradient>& rows, const std::vector<std::vector<float>>& dense) {
  uint64_t bytes = 0;
  for (const RowGradient& some : rows) {
    bytes += some.ids.capacity() * sizeof(uint64_t) + some.values.capacity() * sizeof(float);
  }
  for (const std::vector<float>& piece : dense) bytes += piece.capacity() * sizeof(float);
  return bytes;
}

namespace {

RowGradient Merge(RowGradient&& left, RowGradient&& right, uint32_t table, size_t width, const NodeRounding& rounding) {
  if (right.ids.empty()) return std::move(left);
  if (left.ids.empty()) return std::move(right);
  RowGradient sum;
  sum.ids.reserve(left.ids.size() + right.ids.size());
  sum.values.reserve(left.values.size() + right.values.size());
  size_t l = 0, r = 0;
  while (l < left.ids.size() || r < right.ids.size()) {
    const bool take_left = r == right.ids.size() || (l < left.ids.size() && left.ids[l] <= right.ids[r]);
    const bool both = take_left && r < right.ids.size() && left.ids[l] == right.ids[r];
    const RowGradient& from = take_left ? left : right;
    size_t& at = take_left ? l : r;
    sum.ids.push_back(from.ids[at]);
    sum.values.insert(sum.values.end(), from.values.data() + at * width, from.values.data() + (at + 1) * width);
    ++at;
    if (both) {
      float* added = sum.values.data() + sum.values.size() - width;
      AddTo(width, right.values.data() + r * width, added);
      rounding.Row(table, sum.ids.back(), width, added);
      ++r;
    }
  }
  return sum;
}

}  // namespace

void Add(Gradient& left, Gradient&& right, const std::vector<uint32_t>& widths) {
  Add(left, std::move(right), widths, NodeRounding());
}

void Add(Gradient& left, Gradient&& right, const std::vector<uint32_t>& widths, const NodeRounding& rounding) {
  for (uint32_t table = 0; table < left.rows.size(); ++table) {
    left.rows[table] = Merge(std::move(left.rows[table]), std::move(right.rows[table]), table, widths[table], rounding);
  }
  for (size_t chunk = 0; chunk < left.dense.size(); ++chunk) {
    if (right.dense[chunk].empty()) continue;
    if (left.dense[chunk].empty()) {
      left.dense[chunk] = std::move(right.dense[chunk]);
    } else {
      AddTo(left.dense[chunk].size(), right.dense[chunk].data(), left.dense[chunk].data());
      rounding.Dense(chunk, left.dense[chunk].size(), left.dense[chunk].data());
    }
  }
}

void Round(const NodeRounding& rounding, const std::vector<uint32_t>& widths, Gradient* gradient) {
  if (!rounding.on()) return;
  for (uint32_t table = 0; table < gradient->rows.size(); ++table) {
    RowGradient& rows = gradient->rows[table];
    for (size_t i = 0; i < rows.ids.size(); ++i) {
      rounding.Row(table, rows.ids[i], widths[table], rows.values.data() + i * widths[table]);
    }
  }
  for (size_t piece = 0; piece < gradient->dense.size(); ++piece) {
    rounding.Dense(piece, gradient->dense[piece].size(), gradient->dense[piece].data());
  }
}

}  // namespace pumasi
