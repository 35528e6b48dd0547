#include "scheduler/worker_speeds.h"

#include <algorithm>
#include <cmath>

namespace pumasi {
namespace {

// Weight of a new measurement.
constexpr double kNew = 0.3;

// Unequal shares are worth it if equal ones take so many times as long.
constexpr double kWorthIt = 1.15;

}  // namespace

void WorkerSpeeds::Observe(uint64_t worker, uint32_t parts, double seconds) {
  if (parts == 0 || !std::isfinite(seconds) || seconds <= 0) return;
  const double one = seconds / parts;
  const auto [known, fresh] = seconds_.try_emplace(worker, one);
  if (!fresh) known->second += kNew * (one - known->second);
}

std::optional<double> WorkerSpeeds::SecondsPerPart(uint64_t worker) const {
  const auto known = seconds_.find(worker);
  return known == seconds_.end() ? std::nullopt : std::optional<double>(known->second);
}

std::optional<double> WorkerSpeeds::MeanSecondsPerPart() const {
  if (seconds_.empty()) return std::nullopt;
  double sum = 0;
  for (const auto& [worker, seconds] : seconds_) sum += seconds;
  return sum / double(seconds_.size());
}

std::map<uint64_t, uint32_t> WorkerSpeeds::Quotas(const std::vector<uint64_t>& workers, uint32_t parts) const {
  std::map<uint64_t, uint32_t> equal, best;
  if (workers.empty()) return best;
  const double mean = MeanSecondsPerPart().value_or(1);
  const auto seconds = [&](uint64_t worker) { return SecondsPerPart(worker).value_or(mean); };
  // Each part to the worker that would be done with it first: then the last one is done as early as it can be.
  for (const uint64_t worker : workers) best[worker] = 0;
  for (uint32_t part = 0; part < parts; ++part) {
    auto next = best.begin();
    for (auto entry = best.begin(); entry != best.end(); ++entry) {
      if ((entry->second + 1) * seconds(entry->first) < (next->second + 1) * seconds(next->first)) next = entry;
    }
    ++next->second;
  }
  const auto count = static_cast<uint32_t>(best.size());
  uint32_t place = 0;
  for (const auto& [worker, quota] : best) {
    equal[worker] = (place + 1) * parts / count - place * parts / count;
    ++place;
  }
  const auto longest = [&](const std::map<uint64_t, uint32_t>& quotas) {
    double longest = 0;
    for (const auto& [worker, quota] : quotas) longest = std::max(longest, quota * seconds(worker));
    return longest;
  };
  return longest(equal) <= kWorthIt * longest(best) ? equal : best;
}

}  // namespace pumasi
