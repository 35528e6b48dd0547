// How a part's rows of different lengths reach the operators.
#ifndef PUMASI_OPS_SEQUENCES_H_
#define PUMASI_OPS_SEQUENCES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pumasi {

// Sequences of vectors, given as indices into a matrix of distinct vectors: work that depends on the vector alone is
// done once, however often it occurs. (A layer above another one passes its token-by-token input with tokens[i] = i.)
// Owns nothing.
struct IndexedSequences {
  int rows = 0;
  // offsets[rows + 1], ascending from 0: row r has tokens [offsets[r], offsets[r + 1]). A row may be empty.
  const uint32_t* offsets = nullptr;
  // tokens[offsets[rows]], each below `distinct`.
  const uint32_t* tokens = nullptr;
  int distinct = 0;
  int width = 0;
  // vectors[distinct × width].
  const float* vectors = nullptr;
};

// The order in which a recurrent layer walks its rows: step by step, in each step the rows that are at least so long,
// longest first (equal lengths in the rows' order). The rows of a step so lie together, and those of the next step are
// the first of them. A position is a place in this order: step t has positions [start(t), start(t) + active(t)), one a
// rank. Not thread-safe while Build runs.
class StepOrder {
 public:
  // With `backwards`, step t of a row is its t-th token from the end.
  void Build(int rows, const uint32_t* offsets, bool backwards = false);

  int rows() const { return static_cast<int>(row_of_rank_.size()); }
  int steps() const { return static_cast<int>(active_.size()); }
  // 0 for t = steps(), so that "the rows that go on" needs no special case.
  int active(int t) const { return t < steps() ? active_[t] : 0; }
  size_t start(int t) const { return start_[t]; }
  size_t positions() const { return start_.back(); }
  uint32_t row(int rank) const { return row_of_rank_[rank]; }
  // token_of_position()[p]: which of the part's tokens stands at position p.
  const std::vector<uint32_t>& token_of_position() const { return token_of_position_; }

 private:
  std::vector<uint32_t> row_of_rank_;
  std::vector<int> active_;
  // One longer than active_.
  std::vector<size_t> start_ = {0};
  std::vector<uint32_t> token_of_position_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_SEQUENCES_H_
