#include "tools/compare/summary.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"

namespace pumasi {
namespace {

// Unset unless all runs have it.
template <class F>
std::optional<Spread> Of(const std::vector<Run>& runs, F&& value_of) {
  std::vector<double> values;
  for (const Run& run : runs) {
    const std::optional<double> value = value_of(run);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return SpreadOf(std::move(values));
}

std::optional<double> Median(const std::optional<Spread>& spread) {
  return spread ? std::optional<double>(spread->median) : std::nullopt;
}

std::optional<double> LargestProcess(const Run& run, const std::string& role) {
  std::optional<double> most;
  for (const auto& [name, bytes] : run.peak_bytes) {
    if (absl::StartsWith(name, role)) most = std::max(most.value_or(0), bytes);
  }
  return most;
}

// What a figure of a whole run is a step.
std::optional<double> AStep(const Run& run, double figure) {
  return run.steps > 0 ? std::optional<double>(figure / run.steps) : std::nullopt;
}

std::vector<std::pair<std::string, double>> MedianShares(const std::vector<Run>& runs) {
  std::vector<std::pair<std::string, double>> shares;
  for (const auto& [name, unused] : runs[0].shares) {
    shares.emplace_back(name, Of(runs, [&n = name](const Run& run) { return std::optional(ShareOf(run, n)); })->median);
  }
  return shares;
}

Summary SummaryOf(const Configuration& configuration, const std::optional<Target>& target) {
  const std::vector<Run>& runs = configuration.runs;
  using Figure = std::optional<double>;
  Summary summary;
  summary.configuration = &configuration;
  summary.rows_per_s = *Of(runs, [](const Run& run) { return Figure(run.rows_per_s); });
  summary.train_seconds = *Of(runs, [](const Run& run) { return Figure(run.train_seconds); });
  if (target) {
    const auto reached = [&](const Run& run, bool seconds) {
      const auto at = ReachedAt(run, *target);
      return at ? Figure(seconds ? at->first : at->second) : Figure();
    };
    summary.seconds_to_target = Of(runs, [&](const Run& run) { return reached(run, true); });
    summary.samples_to_target = Of(runs, [&](const Run& run) { return reached(run, false); });
  }
  summary.final_metric =
      Of(runs, [](const Run& run) { return run.tests.empty() ? Figure() : Figure(run.tests.back().metric); });
  summary.final_loss =
      Of(runs, [](const Run& run) { return run.curve.empty() ? Figure() : Figure(run.curve.back().loss); });
  summary.pulled_a_step = Of(runs, [](const Run& run) { return AStep(run, run.bytes_pulled); });
  summary.pushed_a_step = Of(runs, [](const Run& run) { return AStep(run, run.bytes_pushed); });
  summary.worker_bytes = Of(runs, [](const Run& run) { return LargestProcess(run, "worker"); });
  summary.server_bytes = Of(runs, [](const Run& run) { return LargestProcess(run, "server"); });
  summary.scheduler_bytes = Of(runs, [](const Run& run) { return LargestProcess(run, "scheduler"); });
  summary.shares = MedianShares(runs);
  summary.server_busy = Median(Of(runs, [](const Run& run) { return run.server_busy; }));
  summary.cores_used = Median(Of(runs, [](const Run& run) { return run.cores_used; }));
  std::vector<const Run*> by_speed;
  for (const Run& run : runs) by_speed.push_back(&run);
  std::stable_sort(by_speed.begin(), by_speed.end(),
                   [](const Run* a, const Run* b) { return a->rows_per_s < b->rows_per_s; });
  summary.middle = by_speed[(by_speed.size() - 1) / 2];
  summary.limit = FindLimit(*summary.middle);
  for (const Run& run : runs) {
    if (run.parameters_sha256 != runs[0].parameters_sha256) summary.same_parameters = false;
  }
  return summary;
}

}  // namespace

double ShareOf(const Summary& summary, const std::string& name) {
  for (const auto& [other, share] : summary.shares) {
    if (other == name) return share;
  }
  return 0;
}

Spread SpreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back(), values.size()};
}

std::optional<std::pair<double, double>> ReachedAt(const Run& run, const Target& target) {
  if (target.metric == "loss") {
    for (const CurvePoint& point : run.curve) {
      if (point.loss <= target.value) return std::pair(point.seconds, point.samples);
    }
    return std::nullopt;
  }
  const bool lower = LowerIsBetter(target.metric);
  for (const TestPoint& test : run.tests) {
    if (lower ? test.metric <= target.value : test.metric >= target.value) return std::pair(test.seconds, test.samples);
  }
  return std::nullopt;
}

std::vector<Summary> Summarise(const Comparison& comparison) {
  std::vector<Summary> summaries;
  for (const Configuration& configuration : comparison.configurations) {
    if (!configuration.runs.empty()) summaries.push_back(SummaryOf(configuration, comparison.target));
  }
  for (Summary& summary : summaries) {
    const Configuration& own = *summary.configuration;
    for (const Summary& other : summaries) {
      const Configuration& base = *other.configuration;
      if (base.workers != 1 || base.mode != own.mode || base.servers != own.servers || base.settings != own.settings) {
        continue;
      }
      // Of runs that do not tell their settings it is not known what they differ in.
      if (&base != &own && (own.runs[0].settings.empty() || base.runs[0].settings.empty())) continue;
      summary.efficiency = summary.rows_per_s.median / (other.rows_per_s.median * std::max(1u, own.workers));
      break;
    }
  }
  return summaries;
}

double ChanceApart(size_t a, size_t b) {
  // 2 / (a + b choose a).
  double chance = 2;
  for (size_t i = 1; i <= a; ++i) chance *= static_cast<double>(i) / static_cast<double>(b + i);
  return std::min(chance, 1.0);
}

bool Apart(const Spread& a, const Spread& b) {
  if (a.least <= b.most && b.least <= a.most) return false;
  if (ChanceApart(a.count, b.count) <= 0.1 + 1e-9) return true;
  return std::max(a.median, b.median) >= (1 + kFewDiffer) * std::min(a.median, b.median);
}

}  // namespace pumasi
