// Sums of matrix rows that belong to the same index, on a device: the twin of ops/row_groups.h. No atomics: the order
// of additions depends on the numbers of rows alone.
#ifndef PUMASI_OPS_CUDA_ROW_GROUPS_H_
#define PUMASI_OPS_CUDA_ROW_GROUPS_H_

#include <vector>

#include "ops/cuda/buffer.h"
#include "ops/cuda/stream.h"
#include "ops/cuda/upload.h"

namespace pumasi::cuda {

// Rows of a matrix, grouped by an index of theirs. A group is cut into pieces of kPiece rows: each piece is summed in
// ascending order, then the pieces are, so that an id that occurs everywhere does not hold up the rest. Not
// thread-safe.
class RowGroups {
 public:
  static constexpr uint32_t kPiece = 32;

  // Row p belongs to group index[order[p]] (order null: index[p]) for p < count, each below `groups`. Host arrays,
  // which may go afterwards.
  void Build(Stream* stream, size_t groups, size_t count, const uint32_t* order, const uint32_t* index);

  // out[groups × width] = the sums of the groups' rows; zeros for a group without rows. Device matrices.
  void Sum(Stream* stream, int width, const float* rows, float* out);

 private:
  size_t groups_ = 0, pieces_ = 0;
  Upload upload_;
  // On the device. Piece i has rows_[piece_rows_[i]] to rows_[piece_rows_[i + 1]], group g has pieces group_pieces_[g]
  // to group_pieces_[g + 1]. piece_groups_[i]: its group if that has no other piece, otherwise kShared.
  const uint32_t *rows_ = nullptr, *piece_rows_ = nullptr, *piece_groups_ = nullptr, *group_pieces_ = nullptr;
  DeviceBuffer<float> partial_;  // [pieces × width]
};

// out[width] = the sum of all rows, in pieces of 64, then the pieces. `partial` is working memory.
void SumRows(Stream* stream, size_t rows, int width, const float* values, DeviceBuffer<float>* partial, float* out);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_ROW_GROUPS_H_
