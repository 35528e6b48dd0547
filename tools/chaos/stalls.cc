#include "tools/chaos/stalls.h"

#include <algorithm>
#include <cmath>

namespace pumasi {

void Stalls::Seen(double seconds, uint64_t batches) {
  if (batches <= most_) return;
  // Several batches seen at once were done one after the other: one gap ended, and it is the one that counts.
  if (last_ >= 0) gaps_.push_back(seconds - last_);
  most_ = batches;
  last_ = seconds;
}

void Stalls::Pause() { last_ = -1; }

double Stalls::Quantile(double share) const {
  if (gaps_.empty()) return 0;
  std::vector<double> sorted = gaps_;
  const double rank = std::ceil(share * double(sorted.size()));
  const size_t at = std::min(sorted.size(), static_cast<size_t>(std::max(rank, 1.0))) - 1;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
  return sorted[at];
}

}  // namespace pumasi
