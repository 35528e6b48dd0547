#include "scheduler/worker_speeds.h"

#include <algorithm>
#include <cmath>

namespace pumasi {
namespace {

// Weight of a new measurement.
constexpr double kNew = 0.3;

// Overheads whose median counts.
constexpr size_t kOverheads = 5;

// Batches whose beginning is remembered, by worker: more than it may hold, so that what it was slow with still counts.
constexpr size_t kLeased = 64;

// Unequal shares are worth it if equal ones take so many times as long.
constexpr double kWorthIt = 1.15;

// How many times in a row so many devices compute, for so many parts.
uint64_t Rounds(uint64_t parts, uint64_t devices) { return (parts + devices - 1) / devices; }

}  // namespace

void WorkerSpeeds::SetDevices(uint64_t worker, uint32_t devices) { workers_[worker].devices = std::max(devices, 1u); }

uint64_t WorkerSpeeds::Devices(uint64_t worker) const {
  const auto known = workers_.find(worker);
  return known == workers_.end() ? 1 : known->second.devices;
}

void WorkerSpeeds::Leased(uint64_t worker, uint64_t batch, absl::Duration now) {
  auto& leased = workers_[worker].leased;
  leased.try_emplace(batch, now);
  if (leased.size() > kLeased) leased.erase(leased.begin());
}

void WorkerSpeeds::Done(uint64_t worker, uint64_t batch, uint32_t parts, double seconds, absl::Duration opened,
                        absl::Duration now) {
  if (parts == 0 || !std::isfinite(seconds) || seconds <= 0) return;
  Known& known = workers_[worker];
  const auto rounds = static_cast<double>(Rounds(parts, known.devices));
  const double one = seconds / rounds;
  known.one = known.one ? *known.one + kNew * (one - *known.one) : one;
  // The first that it tells of a batch: later parts waited for these.
  const auto leased = known.leased.find(batch);
  if (leased == known.leased.end()) return;
  const double whole = absl::ToDoubleSeconds(now - std::max(leased->second, opened));
  known.leased.erase(leased);
  known.overheads.push_back(std::max(whole - *known.one * rounds, 0.0));
  if (known.overheads.size() > kOverheads) known.overheads.pop_front();
}

std::optional<double> WorkerSpeeds::SecondsPerPart(uint64_t worker) const {
  const auto known = workers_.find(worker);
  return known == workers_.end() ? std::nullopt : known->second.one;
}

std::optional<double> WorkerSpeeds::MeanSecondsPerPart() const {
  double sum = 0;
  int count = 0;
  for (const auto& [worker, known] : workers_) {
    if (known.one) sum += *known.one, ++count;
  }
  return count == 0 ? std::nullopt : std::optional<double>(sum / count);
}

std::optional<double> WorkerSpeeds::Overhead(uint64_t worker) const {
  const auto known = workers_.find(worker);
  if (known == workers_.end() || known->second.overheads.empty()) return std::nullopt;
  std::vector<double> sorted(known->second.overheads.begin(), known->second.overheads.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted[(sorted.size() - 1) / 2];
}

std::map<uint64_t, uint32_t> WorkerSpeeds::Quotas(const std::vector<uint64_t>& workers, uint32_t parts) const {
  std::map<uint64_t, uint32_t> equal, best;
  if (workers.empty()) return best;
  const double mean = MeanSecondsPerPart().value_or(1);
  std::optional<double> least;  // overhead: of whom none is known shall have its chance
  for (const auto& [worker, known] : workers_) {
    if (const auto own = Overhead(worker)) least = std::min(least.value_or(*own), *own);
  }
  struct Cost {
    double overhead, one;
    uint64_t devices;
  };
  std::map<uint64_t, Cost> costs;
  for (const uint64_t worker : workers) {
    costs[worker] = {Overhead(worker).value_or(least.value_or(0)), SecondsPerPart(worker).value_or(mean),
                     Devices(worker)};
  }
  const auto seconds = [&](uint64_t worker, uint32_t count) {
    const Cost& cost = costs.at(worker);
    return count == 0 ? 0.0 : cost.overhead + static_cast<double>(Rounds(count, cost.devices)) * cost.one;
  };
  // Each part to the worker that would be done with it first: then the last one is done as early as it can be.
  for (const uint64_t worker : workers) best[worker] = 0;
  for (uint32_t part = 0; part < parts; ++part) {
    auto next = best.begin();
    for (auto entry = best.begin(); entry != best.end(); ++entry) {
      if (seconds(entry->first, entry->second + 1) < seconds(next->first, next->second + 1)) next = entry;
    }
    ++next->second;
  }
  uint64_t count = 0, place = 0;  // of devices
  for (const auto& [worker, cost] : costs) count += cost.devices;
  for (const auto& [worker, quota] : best) {
    const uint64_t end = place + costs.at(worker).devices;
    equal[worker] = static_cast<uint32_t>(end * parts / count - place * parts / count);
    place = end;
  }
  const auto longest = [&](const std::map<uint64_t, uint32_t>& quotas) {
    double longest = 0;
    for (const auto& [worker, quota] : quotas) longest = std::max(longest, seconds(worker, quota));
    return longest;
  };
  return longest(equal) <= kWorthIt * longest(best) ? equal : best;
}

}  // namespace pumasi
