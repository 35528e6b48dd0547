// Sums of matrix rows that belong to the same index: gradients of an id that occurs more than once.
#ifndef PUMASI_OPS_ROW_GROUPS_H_
#define PUMASI_OPS_ROW_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pumasi {

// Rows of a matrix, grouped by an index of theirs. Not thread-safe.
class RowGroups {
 public:
  // Row p belongs to group group_of_row(p) = index[order[p]] for p < count, each below `groups`.
  void Build(size_t groups, size_t count, const uint32_t* order, const uint32_t* index);

  // out[g × width] = the sum of group g's rows, in ascending order of row; zeros for a group without rows.
  void Sum(size_t width, const float* rows, float* out) const;

 private:
  // Rows of group g: rows_[first_[g]] to rows_[first_[g + 1]].
  std::vector<uint32_t> first_;
  std::vector<uint32_t> rows_;
  std::vector<uint32_t> next_;
};

// out[width] = the sum of all rows, added in ascending order.
void SumRows(size_t rows, size_t width, const float* values, float* out);

}  // namespace pumasi

#endif  // PUMASI_OPS_ROW_GROUPS_H_
