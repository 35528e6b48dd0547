#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/row_groups.h"

namespace pumasi::cuda {
namespace {

constexpr uint32_t kShared = 0xffffffffu;

// A piece, straight into its group where that has no other one.
struct SumPiece {
  int width;
  const uint32_t *rows, *piece_rows, *piece_groups;
  const float* values;
  float *partial, *out;

  __device__ void operator()(size_t piece, int column) const {
    float sum = 0;
    for (uint32_t i = piece_rows[piece]; i < piece_rows[piece + 1]; ++i) {
      const float value = values[static_cast<size_t>(rows[i]) * width + column];
      sum = i == piece_rows[piece] ? value : sum + value;
    }
    const uint32_t group = piece_groups[piece];
    float* const to = group == kShared ? partial + piece * width : out + static_cast<size_t>(group) * width;
    to[column] = sum;
  }
};

struct SumPieces {
  int width;
  const uint32_t* group_pieces;
  const float* partial;
  float* out;

  __device__ void operator()(size_t group, int column) const {
    const uint32_t begin = group_pieces[group], end = group_pieces[group + 1];
    if (end - begin == 1) return;
    float sum = 0;
    for (uint32_t piece = begin; piece < end; ++piece) sum += partial[static_cast<size_t>(piece) * width + column];
    out[group * width + column] = sum;
  }
};

struct SumRowsOfPiece {
  size_t rows;
  int width, piece_rows;
  const float* values;
  float* out;

  __device__ void operator()(size_t piece, int column) const {
    const size_t begin = piece * piece_rows;
    const size_t end = begin + piece_rows < rows ? begin + piece_rows : rows;
    float sum = 0;
    for (size_t row = begin; row < end; ++row) sum += values[row * width + column];
    out[piece * width + column] = sum;
  }
};

}  // namespace

void RowGroups::Build(Stream* stream, size_t groups, size_t count, const uint32_t* order, const uint32_t* index) {
  const auto group_of = [&](size_t p) { return index[order == nullptr ? p : order[p]]; };
  std::vector<uint32_t> first(groups + 1), rows(count);
  for (size_t p = 0; p < count; ++p) ++first[group_of(p) + 1];
  for (size_t g = 0; g < groups; ++g) first[g + 1] += first[g];
  std::vector<uint32_t> next(first.begin(), first.end() - 1);
  for (size_t p = 0; p < count; ++p) rows[next[group_of(p)]++] = static_cast<uint32_t>(p);

  std::vector<uint32_t> piece_rows, piece_groups, group_pieces = {0};
  for (size_t g = 0; g < groups; ++g) {
    const bool whole = first[g + 1] - first[g] <= kPiece;
    for (uint32_t begin = first[g]; begin < first[g + 1]; begin += kPiece) {
      piece_rows.push_back(begin);
      piece_groups.push_back(whole ? static_cast<uint32_t>(g) : kShared);
    }
    group_pieces.push_back(static_cast<uint32_t>(piece_rows.size()));
  }
  piece_rows.push_back(static_cast<uint32_t>(count));
  groups_ = groups;
  pieces_ = piece_groups.size();
  upload_.Start();
  const size_t at_rows = upload_.Add(rows), at_piece_rows = upload_.Add(piece_rows);
  const size_t at_piece_groups = upload_.Add(piece_groups), at_group_pieces = upload_.Add(group_pieces);
  const uint32_t* const device = upload_.Send(stream);
  rows_ = device + at_rows;
  piece_rows_ = device + at_piece_rows;
  piece_groups_ = device + at_piece_groups;
  group_pieces_ = device + at_group_pieces;
}

void RowGroups::Sum(Stream* stream, int width, const float* rows, float* out) {
  float* const partial = partial_.Reserve(stream, pieces_ * width);
  ForEachInRows(stream, pieces_, width, SumPiece{width, rows_, piece_rows_, piece_groups_, rows, partial, out});
  ForEachInRows(stream, groups_, width, SumPieces{width, group_pieces_, partial, out});
}

void SumRows(Stream* stream, size_t rows, int width, const float* values, DeviceBuffer<float>* partial, float* out) {
  constexpr int kPieceRows = 64;
  const size_t pieces = (rows + kPieceRows - 1) / kPieceRows;
  float* const sums = pieces <= 1 ? out : partial->Reserve(stream, pieces * width);
  if (pieces == 0) return stream->Clear(out, width * sizeof(float));
  ForEachInRows(stream, pieces, width, SumRowsOfPiece{rows, width, kPieceRows, values, sums});
  if (pieces == 1) return;
  ForEachInRows(stream, 1, width, SumRowsOfPiece{pieces, width, static_cast<int>(pieces), sums, out});
}

}  // namespace pumasi::cuda
