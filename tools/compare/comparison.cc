#include "tools/compare/comparison.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/compare/figures.h"

namespace pumasi {
namespace {

// These say nothing of what was compared: the name, and what is told by ModeOf.
bool Counts(const std::string& setting) {
  return setting != "name" && setting != "mode" && !absl::StartsWith(setting, "allreduce");
}

// As --modes of `pumasi compare` calls it (tools/compare/plan.cc).
std::string ModeOf(const Run& run) {
  const auto is = [&](const std::string& setting, const char* value) {
    const auto found = run.settings.find("allreduce." + setting);
    return found != run.settings.end() && absl::EndsWith(found->second, value);
  };
  if (run.mode != "allreduce") return run.mode;
  if (is("reduction", "RING")) return is("rows", "DENSE") ? "ring_dense" : "ring";
  return is("state", "REPLICATED") ? "replicated" : "allreduce";
}

std::string BaseName(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path.substr(path.rfind('/') + 1);  // all of it if there is no slash
}

// Settings that are not the same in all runs that tell theirs.
std::set<std::string> Differing(const std::vector<Run>& runs) {
  std::map<std::string, std::set<std::string>> values;
  std::map<std::string, size_t> counts;
  size_t telling = 0;
  for (const Run& run : runs) {
    telling += run.settings.empty() ? 0 : 1;
    for (const auto& [key, value] : run.settings) values[key].insert(value), ++counts[key];
  }
  std::set<std::string> differing;
  for (const auto& [key, some] : values) {
    if (Counts(key) && (some.size() > 1 || counts[key] < telling)) differing.insert(key);
  }
  return differing;
}

// "WIRE_BF16" of wire is what the job file calls bf16.
std::string SettingText(const std::string& key, const std::string& value) {
  const std::string prefix = absl::StrCat(absl::AsciiStrToUpper(key.substr(key.rfind('.') + 1)), "_");
  const size_t at = value.find(prefix);
  if (at == std::string::npos || absl::AsciiStrToUpper(value) != value) return value;
  return absl::AsciiStrToLower(value.substr(at + prefix.size()));
}

Configuration ConfigurationOf(const Run& run, const std::set<std::string>& differing, bool servers_differ) {
  Configuration configuration;
  configuration.mode = ModeOf(run);
  configuration.servers = run.servers;
  configuration.workers = run.workers;
  const std::string& mode = configuration.mode;
  std::vector<std::string> parts = {mode.empty() ? "mode unknown" : mode, Counted(run.workers, "worker")};
  if (servers_differ && run.servers > 0) parts.push_back(Counted(run.servers, "server"));
  for (const std::string& key : differing) {
    const auto value = run.settings.find(key);
    if (value == run.settings.end()) continue;
    configuration.settings[key] = value->second;
    parts.push_back(value->second == "{}" ? key : absl::StrCat(key, "=", SettingText(key, value->second)));
  }
  if (run.settings.empty()) parts.push_back(BaseName(run.source));
  configuration.label = absl::StrJoin(parts, ", ");
  return configuration;
}

bool Same(const Configuration& a, const Configuration& b) {
  return a.label == b.label && a.servers == b.servers && a.settings == b.settings;
}

std::string Values(const std::set<std::string>& values) { return absl::StrJoin(values, ", "); }

std::vector<std::string> Inequalities(const Comparison& comparison, const std::set<std::string>& differing) {
  std::set<std::string> samples, seeds, cores;
  std::vector<std::string> warnings, silent;
  for (const Configuration& configuration : comparison.configurations) {
    for (const Run& run : configuration.runs) {
      samples.insert(Thousands(run.samples));
      if (run.cores) cores.insert(Thousands(*run.cores));
      if (const auto seed = run.settings.find("seed"); seed != run.settings.end()) seeds.insert(seed->second);
      if (run.settings.empty()) silent.push_back(run.source);
    }
  }
  if (samples.size() > 1) {
    warnings.push_back(absl::StrCat("unequal work: the runs trained ", Values(samples), " samples"));
  }
  if (seeds.size() > 1) {
    warnings.push_back(absl::StrCat("unequal start: the seeds, and with them the initial values, are ", Values(seeds)));
  }
  if (cores.size() > 1) {
    warnings.push_back(absl::StrCat("unequal machines: the runs had ", Values(cores), " cores"));
  }
  if (std::any_of(differing.begin(), differing.end(),
                  [](const std::string& key) { return absl::StartsWith(key, "data."); })) {
    warnings.push_back("unequal work: the runs' data differ");
  }
  if (!silent.empty()) {
    warnings.push_back(absl::StrCat("not known to be equal work: no job stands in ", absl::StrJoin(silent, ", ")));
  }
  return warnings;
}

absl::StatusOr<Target> ParseTarget(const std::string& text) {
  const size_t equals = text.find('=');
  Target target;
  target.stated = true;
  if (equals == std::string::npos || !absl::SimpleAtod(text.substr(equals + 1), &target.value) ||
      !std::isfinite(target.value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--target ", text, ": expected MEASURE=NUMBER, as in --target accuracy=0.8"));
  }
  target.metric = text.substr(0, equals);
  return target;
}

absl::StatusOr<Target> Stated(const std::string& text, const std::string& metric) {
  auto target = ParseTarget(text);
  if (!target.ok() || target->metric == "loss" || target->metric == metric) return target;
  return absl::InvalidArgumentError(absl::StrCat("--target ", text, ": these runs measure ",
                                                 metric.empty() ? "" : absl::StrCat(metric, ", and "),
                                                 "the training loss ('loss')"));
}

// The best that all runs that measure it reach.
std::optional<Target> Found(const Comparison& comparison, const std::string& metric) {
  std::optional<Target> target;
  const std::string measure = metric.empty() ? "loss" : metric;
  const bool lower = measure == "loss" || LowerIsBetter(metric);
  const auto better = [&](double a, double b) { return lower ? a < b : a > b; };
  for (const Configuration& configuration : comparison.configurations) {
    for (const Run& run : configuration.runs) {
      std::optional<double> best;
      const auto see = [&](double value) { best = !best || better(value, *best) ? value : *best; };
      if (metric.empty()) {
        for (const CurvePoint& point : run.curve) see(point.loss);
      } else {
        for (const TestPoint& test : run.tests) see(test.metric);
      }
      if (!best) continue;
      if (!target) target = Target{measure, *best, false};
      if (better(target->value, *best)) target->value = *best;
    }
  }
  return target;
}

}  // namespace

absl::Status CheckTarget(const std::string& target) {
  const auto parsed = ParseTarget(target);
  if (!parsed.ok()) return parsed.status();
  std::vector<std::string> known = {"loss"};
  known.insert(known.end(), std::begin(kMetrics), std::end(kMetrics));
  if (std::find(known.begin(), known.end(), parsed->metric) != known.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--target ", target, ": runs measure one of ", absl::StrJoin(known, ", ")));
}

absl::StatusOr<Comparison> CompareRuns(const std::vector<Run>& runs, const std::string& target) {
  Comparison comparison;
  const std::set<std::string> differing = Differing(runs);
  const bool servers_differ =
      std::any_of(runs.begin(), runs.end(), [&](const Run& run) { return run.servers != runs[0].servers; });
  std::string metric;
  size_t ended_well = 0;
  for (const Run& run : runs) {
    if (comparison.title.empty()) comparison.title = JobName(run);
    Configuration configuration = ConfigurationOf(run, differing, servers_differ);
    auto place = std::find_if(comparison.configurations.begin(), comparison.configurations.end(),
                              [&](const Configuration& other) { return Same(other, configuration); });
    if (place == comparison.configurations.end()) {
      place = comparison.configurations.insert(place, std::move(configuration));
    }
    if (run.state != "done" || run.rows_per_s <= 0) {
      place->failure =
          absl::StrCat(run.state.empty() ? "state unknown" : run.state, run.message.empty() ? "" : ": ", run.message);
      if (run.state == "done") place->failure = "trained nothing";
      continue;
    }
    ++ended_well;
    if (!run.metric.empty() && !metric.empty() && run.metric != metric) {
      return absl::InvalidArgumentError(absl::StrCat(run.source, " measures ", run.metric, ", others ", metric,
                                                     ": losses of different kinds cannot be compared"));
    }
    if (!run.metric.empty()) metric = run.metric;
    place->runs.push_back(run);
  }
  if (ended_well == 0) {
    std::string why;
    for (const Configuration& some : comparison.configurations)
      absl::StrAppend(&why, "; ", some.label, ": ", some.failure);
    return absl::InvalidArgumentError(absl::StrCat("no run ended well: there is nothing to compare", why));
  }
  comparison.warnings = Inequalities(comparison, differing);
  if (target.empty()) {
    comparison.target = Found(comparison, metric);
    return comparison;
  }
  auto stated = Stated(target, metric);
  if (!stated.ok()) return stated.status();
  comparison.target = *stated;
  return comparison;
}

}  // namespace pumasi
