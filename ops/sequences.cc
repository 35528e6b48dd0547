#include "ops/sequences.h"

#include <algorithm>
#include <numeric>

namespace pumasi {

void StepOrder::Build(int rows, const uint32_t* offsets, bool backwards) {
  const auto length = [offsets](uint32_t row) { return offsets[row + 1] - offsets[row]; };
  row_of_rank_.resize(rows);
  std::iota(row_of_rank_.begin(), row_of_rank_.end(), 0u);
  std::sort(row_of_rank_.begin(), row_of_rank_.end(),
            [&](uint32_t a, uint32_t b) { return length(a) != length(b) ? length(a) > length(b) : a < b; });

  const uint32_t steps = rows == 0 ? 0 : length(row_of_rank_[0]);
  active_.resize(steps);
  start_.assign(1, 0);
  token_of_position_.resize(rows == 0 ? 0 : offsets[rows]);
  int active = rows;
  for (uint32_t t = 0; t < steps; ++t) {
    while (active > 0 && length(row_of_rank_[active - 1]) <= t) --active;
    active_[t] = active;
    for (int rank = 0; rank < active; ++rank) {
      const uint32_t row = row_of_rank_[rank];
      token_of_position_[start_[t] + rank] = backwards ? offsets[row + 1] - 1 - t : offsets[row] + t;
    }
    start_.push_back(start_[t] + active);
  }
}

}  // namespace pumasi
