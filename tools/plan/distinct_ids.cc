#include "tools/plan/distinct_ids.h"

#include <algorithm>
#include <cmath>

namespace pumasi {
namespace {

// lgamma writes a global; this one does not.
double LogFactorial(double n) {
  int sign;
  return lgamma_r(n + 1, &sign);
}

}  // namespace

void DistinctIds::AddRow(std::span<const uint32_t> ids) {
  ++sampled_rows_;
  const double tokens = static_cast<double>(ids.size());
  sum_ += tokens;
  squares_ += tokens * tokens;
  row_.assign(ids.begin(), ids.end());
  std::sort(row_.begin(), row_.end());
  seen_.insert(seen_.end(), row_.begin(), std::unique(row_.begin(), row_.end()));
}

void DistinctIds::Finish(uint64_t rows, uint64_t ids) {
  rows_ = std::max(rows, sampled_rows_);
  std::sort(seen_.begin(), seen_.end());
  for (size_t i = 0; i < seen_.size();) {
    const size_t end =
        std::upper_bound(seen_.begin() + static_cast<ptrdiff_t>(i), seen_.end(), seen_[i]) - seen_.begin();
    ++ids_in_[end - i];
    ++observed_;
    i = end;
  }
  std::vector<uint32_t>().swap(seen_);
  most_ = std::max(static_cast<double>(ids), observed_);
  if (sampled_rows_ == 0) return;
  const double count = static_cast<double>(sampled_rows_);
  tokens_ = sum_ / count;
  tokens_deviation_ = std::sqrt(std::max(0.0, squares_ / count - tokens_ * tokens_));
}

double DistinctIds::Expected(double rows) const {
  const double sample = static_cast<double>(sampled_rows_);
  const double n = std::min(rows, static_cast<double>(rows_));
  if (n <= 0 || sample == 0) return 0;
  if (n < sample) {
    const double all = LogFactorial(sample) - LogFactorial(sample - n);
    double expected = 0;
    for (const auto& [c, ids] : ids_in_) {
      const double left = sample - static_cast<double>(c);
      const double missed = left < n ? 0 : std::exp(LogFactorial(left) - LogFactorial(left - n) - all);
      expected += static_cast<double>(ids) * (1 - missed);
    }
    return expected;
  }
  const auto once = ids_in_.find(1), twice = ids_in_.find(2);
  if (n == sample || once == ids_in_.end()) return observed_;
  const double f1 = static_cast<double>(once->second),
               f2 = twice == ids_in_.end() ? 0 : static_cast<double>(twice->second);
  const double unseen = (sample - 1) / sample * (f2 > 0 ? f1 * f1 / (2 * f2) : f1 * (f1 - 1) / 2);
  if (unseen <= 0) return observed_;
  const double grown = unseen * (1 - std::pow(1 - f1 / (sample * unseen + f1), n - sample));
  return std::min(most_, observed_ + grown);
}

}  // namespace pumasi
