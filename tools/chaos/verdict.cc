#include "tools/chaos/verdict.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/cli/audit_report.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {

Json StallsJson(const Stalls& stalls) {
  return {{"gaps", stalls.count()},
          {"p50_s", stalls.Quantile(0.5)},
          {"p99_s", stalls.Quantile(0.99)},
          {"max_s", stalls.Quantile(1)}};
}

std::vector<std::string> ProblemsOf(const ChaosOutcome& outcome, const Expected& expected) {
  std::vector<std::string> problems;
  const std::string& found = outcome.status.parameters_sha256();
  if (outcome.status.state() != v1::DONE) {
    problems.push_back(absl::StrCat("the job is ", StateName(outcome.status.state()), ": ", outcome.status.message()));
  }
  if (!outcome.exact.ok()) problems.push_back(absl::StrCat("audit: ", outcome.exact.message()));
  if (!expected.sha256.empty() && found != expected.sha256) {
    problems.push_back(absl::StrCat("parameters_sha256 is ", found, ", undisturbed it is ", expected.sha256));
  }
  return problems;
}

std::map<std::string, int> CountsOf(const ScenarioSeen& seen) {
  std::map<std::string, int> counts;
  for (const ScenarioSeen::Fault& fault : seen.faults) ++counts[FaultName(fault.kind)];
  if (!seen.restarts.empty()) counts["restart"] = static_cast<int>(seen.restarts.size());
  if (seen.away.has_value()) counts["kill"] = 1;
  return counts;
}

}  // namespace

Verdict Judge(const ChaosOutcome& outcome, const Expected& expected, const GoalInputs& inputs, uint64_t seed) {
  Verdict verdict;
  verdict.problems = ProblemsOf(outcome, expected);
  const ChaosFigures figures = FiguresOf(outcome, expected.seconds);
  std::vector<Goal> goals = GoalsOf(outcome, figures, inputs);
  const std::map<std::string, int> counts = CountsOf(outcome.seen);
  if (!expected.sha256.empty()) {
    goals.insert(goals.begin(), {"every gradient counts once, and the parameters are those of an undisturbed run",
                                 verdict.problems.empty() ? "audit exact, parameters_sha256 equal"
                                                          : absl::StrJoin(verdict.problems, "; "),
                                 verdict.problems.empty()});
  }
  const ChaosOutcome* undisturbed = expected.undisturbed;

  Json& json = verdict.json;
  json["ok"] = verdict.problems.empty();
  json["problems"] = Json(verdict.problems);
  json["goals"] = GoalsJson(goals);
  json["seed"] = seed;
  json["faults"] = Json(counts);
  json["ended_by_themselves"] = outcome.seen.ended_by_themselves;
  json["seconds"] = outcome.seconds;
  json["undisturbed_seconds"] = expected.seconds > 0 ? Json(expected.seconds) : Json();
  json.update(FiguresJson(figures));
  json["stalls"] = StallsJson(outcome.stalls);
  json["undisturbed_stalls"] = undisturbed != nullptr ? StallsJson(undisturbed->stalls) : Json();
  json["parameters_sha256"] = outcome.status.parameters_sha256();
  json["expected_sha256"] = expected.sha256.empty() ? Json() : Json(expected.sha256);
  json["batches_alone"] = outcome.batches_alone;
  json["audit"] = AuditJson(outcome.status.job_id(), outcome.audit);
  json["generation"] = outcome.status.generation();
  json["layout_epoch"] = outcome.status.layout_epoch();
  json["warnings"] = Json(std::vector<std::string>(outcome.status.warnings().begin(), outcome.status.warnings().end()));

  std::string& text = verdict.text;
  text = ResultText(outcome.status, outcome.seconds) + AuditText(outcome.status.job_id(), outcome.audit);
  absl::StrAppend(&text, "faults:");
  for (const auto& [name, count] : counts) absl::StrAppend(&text, " ", count, " ", name);
  absl::StrAppendFormat(&text, "; %d daemons ended by themselves\n", outcome.seen.ended_by_themselves);
  absl::StrAppendFormat(&text, "gaps between batches: p50 %.3f s, p99 %.3f s, longest %.3f s\n",
                        outcome.stalls.Quantile(0.5), outcome.stalls.Quantile(0.99), outcome.stalls.Quantile(1));
  if (figures.goodput.has_value()) {
    absl::StrAppendFormat(&text, "goodput: %.1f %% (%.1f s undisturbed, %.1f s disturbed)\n", 100 * *figures.goodput,
                          expected.seconds, outcome.seconds);
  }
  for (const Goal& goal : goals) absl::StrAppend(&text, GoalLine(goal), "\n");
  for (const std::string& problem : verdict.problems) absl::StrAppend(&text, "PROBLEM: ", problem, "\n");
  if (verdict.problems.empty()) absl::StrAppend(&text, "as it has to be\n");
  return verdict;
}

}  // namespace pumasi
