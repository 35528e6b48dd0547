#include "tools/compare/table.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/compare/figures.h"

namespace pumasi {
namespace {

const char kUnknown[] = "-";

using Format = std::function<std::string(double)>;
using Cell = std::function<std::string(const Summary&)>;

struct Column {
  std::string head;
  Cell cell;
};

Column MedianColumn(const std::string& head, std::optional<Spread> Summary::*figure, const Format& format) {
  return {head, [=](const Summary& summary) {
            return summary.*figure ? format((summary.*figure)->median) : std::string(kUnknown);
          }};
}

Column OptionalColumn(const std::string& head, std::optional<double> Summary::*figure, const Format& format) {
  return {head, [=](const Summary& summary) { return summary.*figure ? format(*(summary.*figure)) : kUnknown; }};
}

// "5,500 to 5,700".
std::string Ends(const Spread& spread) {
  if (spread.count == 1) return kUnknown;
  return absl::StrCat(Thousands(spread.least), " to ", Thousands(spread.most));
}

Table TableOf(const std::string& caption, const std::vector<Summary>& summaries, const std::vector<Column>& columns) {
  Table table;
  table.caption = caption;
  table.head = {"configuration"};
  for (const Summary& summary : summaries) table.rows.push_back({summary.configuration->label});
  for (const Column& column : columns) {
    std::vector<std::string> cells;
    for (const Summary& summary : summaries) cells.push_back(column.cell(summary));
    if (std::all_of(cells.begin(), cells.end(), [](const std::string& cell) { return cell == kUnknown; })) continue;
    table.head.push_back(column.head);
    for (size_t i = 0; i < cells.size(); ++i) table.rows[i].push_back(cells[i]);
  }
  return table;
}

Table SharesTable(const std::vector<Summary>& summaries) {
  // By name, in the order in which they first appear.
  std::vector<std::string> names;
  for (const Summary& summary : summaries) {
    for (const auto& [name, unused] : summary.shares) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  std::vector<Column> columns;
  for (const std::string& name : names) {
    columns.push_back({name, [name](const Summary& summary) {
                         for (const auto& [other, share] : summary.shares) {
                           if (other == name) return Percent(share);
                         }
                         return std::string(kUnknown);
                       }});
  }
  columns.push_back(OptionalColumn("server busy", &Summary::server_busy, Percent));
  columns.push_back(OptionalColumn("cores", &Summary::cores_used, [](double c) { return absl::StrFormat("%.1f", c); }));
  return TableOf("Shares of the workers' time", summaries, columns);
}

}  // namespace

std::vector<Table> SummaryTables(const Comparison& comparison, const std::vector<Summary>& summaries) {
  std::string metric = "test";
  for (const Summary& summary : summaries) {
    if (!summary.middle->metric.empty()) metric = "test " + summary.middle->metric;
  }
  std::vector<Column> speed = {
      {"runs", [](const Summary& s) { return absl::StrCat(s.rows_per_s.count); }},
      {"rows/s", [](const Summary& s) { return Thousands(s.rows_per_s.median); }},
      {"least to most", [](const Summary& s) { return Ends(s.rows_per_s); }},
      OptionalColumn("efficiency", &Summary::efficiency, [](double e) { return absl::StrFormat("%.2f", e); })};
  if (comparison.target) {
    speed.push_back(MedianColumn(absl::StrCat("to ", comparison.target->metric, " ", Measure(comparison.target->value)),
                                 &Summary::seconds_to_target, Seconds));
  }
  speed.push_back(MedianColumn(metric, &Summary::final_metric, Measure));
  speed.push_back(MedianColumn("training loss", &Summary::final_loss, Measure));
  speed.push_back({"limit", [](const Summary& s) { return std::string(LimitName(s.limit.kind)); }});
  const std::vector<Column> costs = {MedianColumn("pulled a step", &Summary::pulled_a_step, Bytes),
                                     MedianColumn("pushed a step", &Summary::pushed_a_step, Bytes),
                                     MedianColumn("largest worker", &Summary::worker_bytes, Bytes),
                                     MedianColumn("largest server", &Summary::server_bytes, Bytes),
                                     MedianColumn("scheduler", &Summary::scheduler_bytes, Bytes)};
  std::vector<Table> tables = {TableOf("Speed and quality", summaries, speed),
                               TableOf("Bytes and memory", summaries, costs), SharesTable(summaries)};
  tables.erase(std::remove_if(tables.begin(), tables.end(), [](const Table& table) { return table.head.size() == 1; }),
               tables.end());
  return tables;
}

Table ProcessTable(const std::vector<Summary>& summaries) {
  // server-2 comes before server-10.
  const auto order = [](const std::string& name) {
    return std::tuple(name.substr(0, name.find_last_not_of("0123456789") + 1), name.size(), name);
  };
  const auto before = [order](const std::string& a, const std::string& b) { return order(a) < order(b); };
  std::set<std::string, decltype(before)> names(before);
  for (const Summary& summary : summaries) {
    for (const auto& [name, unused] : summary.middle->peak_bytes) names.insert(name);
  }
  std::vector<Column> columns;
  for (const std::string& name : names) {
    columns.push_back({name, [name](const Summary& summary) {
                         const auto peak = summary.middle->peak_bytes.find(name);
                         return peak == summary.middle->peak_bytes.end() ? kUnknown : Bytes(peak->second);
                       }});
  }
  Table table = TableOf("Most memory of each process", summaries, columns);
  if (names.empty()) table.rows.clear();
  return table;
}

Table RunsTable(const Comparison& comparison) {
  Table table;
  table.caption = "Each run";
  table.head = {"configuration", "run", "rows/s", "training", "all in all", "samples", "parameters"};
  for (const Configuration& configuration : comparison.configurations) {
    for (const Run& run : configuration.runs) {
      table.rows.push_back({configuration.label, run.source, Thousands(run.rows_per_s), Seconds(run.train_seconds),
                            run.wall_seconds > 0 ? Seconds(run.wall_seconds) : kUnknown, Thousands(run.samples),
                            run.parameters_sha256.empty() ? kUnknown : run.parameters_sha256.substr(0, 12)});
    }
  }
  return table;
}

std::vector<std::string> Warnings(const Comparison& comparison) {
  std::vector<std::string> warnings = comparison.warnings;
  for (const Configuration& configuration : comparison.configurations) {
    if (!configuration.failure.empty()) {
      warnings.push_back(absl::StrCat("'", configuration.label, "': a run did not end well: ", configuration.failure));
    }
    for (const Run& run : configuration.runs) {
      if (run.ring.empty()) continue;
      warnings.push_back(absl::StrCat("'", configuration.label, "': ", run.ring));
      break;  // the others of it say much the same
    }
  }
  return warnings;
}

}  // namespace pumasi
