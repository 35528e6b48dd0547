#include "tools/chaos/goals.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/chaos/stalls.h"

namespace pumasi {
namespace {

// A stall counts for a fault that was not longer ago; a death is explained by one.
constexpr double kAfter = 5;
// A stop of this length is noticed, with what it takes to see it; shorter ones may be.
constexpr double kLongStop = 3.5;

bool SchedulerWasHurt(const ChaosOutcome& outcome) {
  return outcome.seen.away.has_value() || !outcome.seen.restarts.empty() ||
         std::any_of(outcome.seen.faults.begin(), outcome.seen.faults.end(),
                     [](const auto& fault) { return fault.target == "scheduler"; });
}

bool Explained(const ChaosOutcome& outcome, const DeathLog::Death& death) {
  if (!outcome.seen.restarts.empty()) return true;
  return std::any_of(outcome.seen.faults.begin(), outcome.seen.faults.end(), [&](const auto& fault) {
    // A partial partition has two sides, and only one of them is written down.
    return (fault.target == death.node || fault.kind == FaultKind::kPartial) && fault.at <= death.at &&
           death.at <= fault.until + kAfter;
  });
}

std::string Times(const std::vector<double>& seconds) {
  return absl::StrFormat("p50 %.3f s, p99 %.3f s, longest %.3f s of %d", QuantileOf(seconds, 0.5),
                         QuantileOf(seconds, 0.99), QuantileOf(seconds, 1), seconds.size());
}

Goal AtMost(const std::string& goal, const std::vector<double>& seconds, double share, double most) {
  return {goal, Times(seconds), QuantileOf(seconds, share) <= most};
}

// Workers go on by themselves to the end of the epoch, and no further.
Goal GoesOnAlone(const ChaosOutcome& outcome) {
  const ScenarioSeen::Away& away = *outcome.seen.away;
  const double seconds = away.until - away.from;
  const double worth = away.batches_per_s > 0 ? double(outcome.batches_alone) / away.batches_per_s : 0;
  const uint64_t epoch = std::max<uint64_t>(outcome.status.batches_per_epoch(), 1);
  const uint64_t left = epoch - away.first_version % epoch;
  const bool enough = double(left) > away.batches_per_s * seconds;
  return {absl::StrFormat("training goes on for the %.1f s without a scheduler", seconds),
          absl::StrFormat("%d batches alone, what takes %.1f s with a scheduler%s", outcome.batches_alone, worth,
                          enough ? "" : absl::StrCat("; the epoch had only ", left, " left: it takes more rows")),
          worth >= 0.8 * seconds};
}

}  // namespace

ChaosFigures FiguresOf(const ChaosOutcome& outcome, double undisturbed) {
  ChaosFigures figures;
  if (undisturbed > 0) {
    const double total = static_cast<double>(outcome.status.total_batches());
    const bool healed = outcome.healed_at > 0;
    const double seconds = healed ? outcome.healed_at : outcome.seconds;
    const double batches = healed ? static_cast<double>(outcome.healed_version) : total;
    if (seconds > 0 && total > 0) figures.goodput = batches / seconds / (total / undisturbed);
  }
  const bool scheduler_was_hurt = SchedulerWasHurt(outcome);
  for (const ScenarioSeen::Fault& fault : outcome.seen.faults) {
    const bool kill = fault.kind == FaultKind::kKill;
    if (kill && fault.target.rfind("server-", 0) == 0) {
      const double from = outcome.start + fault.at;
      figures.server_stalls.push_back(outcome.stalls.LongestAt(from, from + kAfter));
    }
    const bool silent =
        (fault.kind == FaultKind::kStop || fault.kind == FaultKind::kPartition) && fault.until - fault.at >= kLongStop;
    if (scheduler_was_hurt || fault.target == "scheduler" || (!kill && !silent)) continue;
    const auto death = std::find_if(outcome.deaths.begin(), outcome.deaths.end(), [&](const auto& each) {
      return each.node == fault.target && each.at >= fault.at && each.at <= fault.until + kAfter;
    });
    // A fault at the very end is not seen to be noticed before all is over.
    if (death != outcome.deaths.end()) {
      (kill ? figures.crash_noticed : figures.silence_noticed).push_back(death->at - fault.at);
    }
  }
  for (const DeathLog::Death& death : outcome.deaths) figures.false_evictions += !Explained(outcome, death);
  return figures;
}

std::vector<Goal> GoalsOf(const ChaosOutcome& outcome, const ChaosFigures& figures, const GoalInputs& inputs) {
  std::vector<Goal> goals;
  const ScenarioSeen& seen = outcome.seen;
  if (figures.goodput.has_value() && inputs.kills_only && inputs.every >= 5 && !seen.faults.empty()) {
    const double least = inputs.every >= 60 ? 0.95 : 0.8;
    goals.push_back({absl::StrFormat("goodput of at least %g %% at one kill every %g s", 100 * least, inputs.every),
                     absl::StrFormat("%.1f %% at %d kills", 100 * *figures.goodput, seen.faults.size()),
                     *figures.goodput >= least});
  }
  if (!figures.server_stalls.empty() && inputs.replicas > 1) {
    goals.push_back(AtMost("a server's death stalls training for at most 3 s (p99)", figures.server_stalls, 0.99, 3));
  }
  if (!figures.crash_noticed.empty()) {
    goals.push_back(AtMost("a crash is noticed within 1 s", figures.crash_noticed, 1, 1));
  }
  if (!figures.silence_noticed.empty()) {
    goals.push_back(
        AtMost("silence is noticed within 3 s, which shows up to 0.25 s later", figures.silence_noticed, 1, 3.25));
  }
  if (seen.away.has_value() && seen.away->until > 0) goals.push_back(GoesOnAlone(outcome));
  if (!seen.scheduler_returns.empty()) {
    goals.push_back(AtMost("a scheduler gives new leases within 2 s of its start", seen.scheduler_returns, 1, 2));
  }
  if (!seen.restarts.empty()) {
    goals.push_back(AtMost("stable within 10 s of each restart of all daemons", seen.restarts, 1, 10));
  }
  if (inputs.oversubscribe > 0) {
    goals.push_back({absl::StrFormat("no false eviction with %g busy threads a core", inputs.oversubscribe),
                     absl::StrFormat("%d", figures.false_evictions), figures.false_evictions == 0});
  }
  return goals;
}

std::string GoalLine(const Goal& goal) {
  return absl::StrCat("goal: ", goal.goal, "; seen: ", goal.seen, goal.met ? "" : " (NOT MET)");
}

Json GoalsJson(const std::vector<Goal>& goals) {
  Json json = Json::array();
  for (const Goal& goal : goals) {
    Json entry;
    entry["goal"] = goal.goal;
    entry["seen"] = goal.seen;
    entry["met"] = goal.met;
    json.push_back(entry);
  }
  return json;
}

Json FiguresJson(const ChaosFigures& figures) {
  const auto times = [](const std::vector<double>& seconds) {
    Json json;
    json["count"] = seconds.size();
    json["p50_s"] = QuantileOf(seconds, 0.5);
    json["p99_s"] = QuantileOf(seconds, 0.99);
    json["max_s"] = QuantileOf(seconds, 1);
    return json;
  };
  Json json;
  json["goodput"] = figures.goodput.has_value() ? Json(*figures.goodput) : Json();
  json["stalls_at_server_deaths"] = times(figures.server_stalls);
  json["crashes_noticed"] = times(figures.crash_noticed);
  json["silence_noticed"] = times(figures.silence_noticed);
  json["false_evictions"] = figures.false_evictions;
  return json;
}

}  // namespace pumasi
