#include "absl/strings/str_cat.h"
#include "tools/compare/report.h"
#include "tools/compare/run_json.h"
#include "tools/compare/table.h"

namespace pumasi {
namespace {

Json SpreadJson(const std::optional<Spread>& spread) {
  if (!spread) return Json();
  return {{"median", spread->median}, {"least", spread->least}, {"most", spread->most}};
}

Json OptionalJson(const std::optional<double>& figure) { return figure ? Json(*figure) : Json(); }

Json SummaryJson(const Summary& summary) {
  const Configuration& configuration = *summary.configuration;
  Json json;
  json["label"] = configuration.label;
  json["mode"] = configuration.mode;
  json["servers"] = configuration.servers;
  json["workers"] = configuration.workers;
  json["settings"] = Json(configuration.settings);
  json["runs"] = configuration.runs.size();
  json["rows_per_s"] = SpreadJson(summary.rows_per_s);
  json["train_s"] = SpreadJson(summary.train_seconds);
  json["efficiency"] = OptionalJson(summary.efficiency);
  json["s_to_target"] = SpreadJson(summary.seconds_to_target);
  json["samples_to_target"] = SpreadJson(summary.samples_to_target);
  json["metric"] = SpreadJson(summary.final_metric);
  json["loss"] = SpreadJson(summary.final_loss);
  json["bytes_pulled_a_step"] = SpreadJson(summary.pulled_a_step);
  json["bytes_pushed_a_step"] = SpreadJson(summary.pushed_a_step);
  json["worker_bytes"] = SpreadJson(summary.worker_bytes);
  json["server_bytes"] = SpreadJson(summary.server_bytes);
  json["scheduler_bytes"] = SpreadJson(summary.scheduler_bytes);
  Json shares = Json::object();
  for (const auto& [name, share] : summary.shares) shares[name] = share;
  json["shares"] = shares;
  json["server_busy"] = OptionalJson(summary.server_busy);
  json["cores_used"] = OptionalJson(summary.cores_used);
  json["limit"] = {{"kind", LimitName(summary.limit.kind)}, {"sentence", summary.limit.sentence}};
  return json;
}

}  // namespace

Json ReportJson(const Report& report) {
  const Comparison& comparison = report.comparison;
  const Verdict& verdict = report.verdict;
  Json json;
  json["job"] = comparison.title;
  json["verdict"] = verdict.Text();
  json["best"] = verdict.best == nullptr ? Json() : Json(verdict.best->configuration->label);
  Json leaders = Json::array();
  for (const Summary* leader : verdict.leaders) leaders.push_back(leader->configuration->label);
  json["leaders"] = leaders;
  json["target"] = Json();
  if (comparison.target) {
    const Target& target = *comparison.target;
    json["target"] = {{"metric", target.metric}, {"value", target.value}, {"stated", target.stated}};
  }
  json["warnings"] = Json(Warnings(comparison));
  Json configurations = Json::array(), runs = Json::array();
  for (const Summary& summary : report.summaries) configurations.push_back(SummaryJson(summary));
  for (const Configuration& configuration : comparison.configurations) {
    for (const Run& run : configuration.runs) runs.push_back(RunJson(run));
  }
  json["configurations"] = configurations;
  json["runs"] = runs;
  return json;
}

absl::StatusOr<std::vector<Run>> RunsFromJson(const Json& json, const std::string& source) {
  std::vector<Run> runs;
  const bool report = json.is_object() && json.contains("runs") && json["runs"].is_array();
  for (const Json& entry : report ? json["runs"] : Json::array({json})) {
    auto run = RunFromJson(entry, source);
    if (!run.ok()) return run.status();
    runs.push_back(*std::move(run));
  }
  return runs;
}

}  // namespace pumasi
