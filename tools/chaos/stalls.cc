#include "tools/chaos/stalls.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pumasi {

void Stalls::Seen(double seconds, uint64_t batches) {
  if (batches <= most_) return;
  // Several batches seen at once were done one after the other: one gap ended, and it is the one that counts.
  if (last_ >= 0) gaps_.push_back({seconds, seconds - last_});
  most_ = batches;
  last_ = seconds;
}

void Stalls::Pause() { last_ = -1; }

double Stalls::LongestAt(double from, double to) const {
  double longest = 0;
  for (const Gap& gap : gaps_) {
    if (gap.end > from && gap.end - gap.seconds < to) longest = std::max(longest, gap.seconds);
  }
  return longest;
}

double Stalls::Quantile(double share) const {
  std::vector<double> seconds;
  for (const Gap& gap : gaps_) seconds.push_back(gap.seconds);
  return QuantileOf(std::move(seconds), share);
}

double QuantileOf(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const double rank = std::ceil(share * double(values.size()));
  const size_t at = std::min(values.size(), static_cast<size_t>(std::max(rank, 1.0))) - 1;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace pumasi
