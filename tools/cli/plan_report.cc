#include "tools/cli/plan_report.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace pumasi {
namespace {

constexpr double kMiB = 1 << 20;

// "12,800".
std::string Count(double number) {
  std::string digits = absl::StrFormat("%.0f", number);
  for (size_t i = digits.size(); i > 3;) digits.insert(i -= 3, ",");
  return digits;
}

std::string Rate(double rows_per_s) {
  return rows_per_s < 100 ? absl::StrFormat("%.1f", rows_per_s) : Count(rows_per_s);
}

const char* OriginText(Origin origin) {
  return origin == Origin::kMeasured ? "measured here" : origin == Origin::kStated ? "stated" : "default";
}

const char* OriginName(Origin origin) {
  return origin == Origin::kMeasured ? "measured" : origin == Origin::kStated ? "stated" : "default";
}

std::string Sizes(const Candidate& candidate) {
  const bool servers = InfoOf(candidate.mode).servers;
  return absl::StrCat(
      servers ? absl::StrCat(candidate.servers, candidate.servers == 1 ? " server, " : " servers, ") : "",
      candidate.workers, candidate.workers == 1 ? " worker" : " workers", ", micro_batches ", candidate.micro_batches);
}

double Share(const Prediction& one, Cause cause) { return one.causes[static_cast<size_t>(cause)] / one.step_s; }

// What people can do with it.
std::string CauseText(Cause cause) {
  switch (cause) {
    case Cause::kCompute:
      return "workers compute; more or faster workers help as long as there are parts for them";
    case Cause::kWorkerExchange:
      return "workers are busy with messages; fewer bytes (wire) or fewer servers to call help";
    case Cause::kServerExchange:
      return "who holds slots is busy with messages; more holders (servers, or workers with allreduce) or fewer bytes "
             "(wire) help";
    case Cause::kOptimizer:
      return "gradients are applied; more holders of slots (servers, or workers with allreduce) help";
    case Cause::kLink:
      return "bytes on the links; faster links, fewer bytes (wire) or more machines to spread servers over help";
    case Cause::kCalls:
      return "the time of calls, whatever they carry; a larger batch helps";
    case Cause::kCores:
      return "processes wait for cores; more cores or machines help";
    case Cause::kUneven:
      return "all wait for the worker with the longest rows; a larger batch helps";
    case Cause::kScheduler:
      return "the scheduler leases units; fewer workers or larger parts help";
  }
  return "";
}

std::string Table(const std::vector<std::vector<std::string>>& lines) {
  std::vector<size_t> widths(lines[0].size(), 0);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text;
  for (const auto& line : lines) {
    for (size_t i = 0; i + 1 < line.size(); ++i) {
      // Names to the left, numbers to the right.
      absl::StrAppend(&text,
                      i == 0 ? absl::StrFormat("%-*s", static_cast<int>(widths[i]), line[i])
                             : absl::StrFormat("%*s", static_cast<int>(widths[i]), line[i]),
                      "  ");
    }
    absl::StrAppend(&text, line.back(), "\n");
  }
  return text;
}

const std::vector<std::string> kColumns = {"MODE",    "SERVERS",     "WORKERS",    "PARTS",      "ROWS/S",
                                           "STEP MS", "MB A WORKER", "SERVER MIB", "WORKER MIB", "BOTTLENECK"};

std::vector<std::string> Line(const Prediction& one) {
  const ModeInfo& info = InfoOf(one.candidate.mode);
  return {absl::StrCat(info.name, info.same_bits ? "" : " *"),
          info.servers ? absl::StrCat(one.candidate.servers) : "-",
          absl::StrCat(one.candidate.workers),
          absl::StrCat(one.candidate.micro_batches),
          Rate(one.rows_per_s),
          absl::StrFormat("%.1f", one.step_s * 1e3),
          absl::StrFormat("%.2f", one.worker_bytes / 1e6),
          info.servers ? Count(one.memory.server / kMiB) : "-",
          Count(one.memory.worker / kMiB),
          one.problem.empty()
              ? absl::StrFormat("%s, %.0f %%", CauseName(one.bottleneck()), 100 * Share(one, one.bottleneck()))
              : one.problem};
}

std::string JobText(const PlanInput& input) {
  const JobShape& shape = input.shape;
  const double rows = shape.row_ids * shape.width, batch = shape.batch;
  const double steps = std::ceil(shape.train_rows / batch);
  return absl::StrFormat(
      "%s: %s parameters, %s of them in %s rows of %s; %s rows of data, %s batches of %s an epoch\n"
      "ids: %s distinct in a batch, %s in half of it, %s that training ever touches; from %s of %s rows%s\n",
      shape.name, Count(rows + shape.dense_floats), Count(rows), Count(shape.row_ids), Count(shape.width),
      Count(shape.train_rows), Count(steps), Count(batch), Count(input.ids->Expected(batch)),
      Count(input.ids->Expected(batch / 2)), Count(input.ids->Expected(shape.train_rows)),
      Count(static_cast<double>(input.ids->sampled_rows())), Count(shape.train_rows),
      input.ids->whole() ? "" : ", the last one extrapolated");
}

std::string MachinesText(const PlanInput& input) {
  std::string text = "machines: ";
  for (size_t i = 0; i < input.groups.size(); ++i) {
    const MachineGroup& group = input.groups[i];
    absl::StrAppendFormat(&text, "%s%d with %g cores, %.1f GiB%s", i > 0 ? "; " : "", group.count, group.cores,
                          group.memory / (1 << 30),
                          group.link > 0 ? absl::StrFormat(", %g Gbit/s", group.link * 8 / 1e9) : "");
  }
  return text + "\n";
}

std::string BestText(const PlanInput& input, const Plan& plan, const std::string& command) {
  if (plan.best < 0) return "recommended: nothing; no configuration fits these machines, see the last column\n";
  const Prediction& best = plan.modes[static_cast<size_t>(plan.best)];
  std::string text = absl::StrFormat("recommended: mode %s, %s: %s rows/s\n", InfoOf(best.candidate.mode).name,
                                     Sizes(best.candidate), Rate(best.rows_per_s));
  if (best.candidate.micro_batches != input.shape.micro_batches) {
    absl::StrAppendFormat(&text,
                          "  the job says micro_batches %d: another number is another result, by its last bits\n",
                          input.shape.micro_batches);
  }
  if (!command.empty()) {
    const ModeInfo& mode = InfoOf(best.candidate.mode);
    const std::string of_servers = mode.servers ? absl::StrFormat(" --servers %d", best.candidate.servers) : "";
    absl::StrAppendFormat(&text, "  %s%s --workers %d --set %s --set micro_batches=%d\n", command, of_servers,
                          best.candidate.workers, absl::StrJoin(mode.settings, " --set "),
                          best.candidate.micro_batches);
  }
  absl::StrAppendFormat(&text, "bottleneck: %s, %.0f %% of a step: %s\n", CauseName(best.bottleneck()),
                        100 * Share(best, best.bottleneck()), CauseText(best.bottleneck()));
  absl::StrAppendFormat(&text, "a step takes %.1f ms:", best.step_s * 1e3);
  for (const Phase& phase : best.phases) absl::StrAppendFormat(&text, " %s %.1f", phase.name, phase.seconds * 1e3);
  absl::StrAppendFormat(&text, "; by cause:");
  for (size_t i = 0; i < kCauses; ++i) {
    const Cause cause = static_cast<Cause>(i);
    if (Share(best, cause) >= 0.01)
      absl::StrAppendFormat(&text, " %s %.0f %%", CauseName(cause), 100 * Share(best, cause));
  }
  absl::StrAppend(&text, "\n");
  if (plan.other_bits >= 0) {
    const Prediction& other = plan.modes[static_cast<size_t>(plan.other_bits)];
    absl::StrAppendFormat(&text, "with other last bits: %s, %s: %s rows/s\n", InfoOf(other.candidate.mode).name,
                          Sizes(other.candidate), Rate(other.rows_per_s));
  }
  if (plan.changes.empty()) return text + "nothing that a cluster has, doubled, would make it 5 % faster\n";
  absl::StrAppend(&text, "what would change it:\n");
  for (const Change& change : plan.changes) {
    absl::StrAppendFormat(&text, "  %s: %.2f times as fast, with %s\n", change.what, change.faster,
                          Sizes(change.best.candidate));
  }
  return text;
}

struct NamedFigure {
  const char* what;
  const char* key;
  const char* unit;
  double in_unit;
  Figure figure;
};

std::vector<NamedFigure> Figures(const Costs& costs) {
  return {{"a byte over a network, worker", "worker_ns_a_byte", "ns", 1e9, costs.worker_byte},
          {"a byte over a network, server", "server_ns_a_byte", "ns", 1e9, costs.server_byte},
          {"a byte on one machine, worker", "local_worker_ns_a_byte", "ns", 1e9, costs.local_worker_byte},
          {"a byte on one machine, server", "local_server_ns_a_byte", "ns", 1e9, costs.local_server_byte},
          {"a float that the optimizer changes", "apply_ns_a_float", "ns", 1e9, costs.apply_float},
          {"a call and its answer", "call_us", "us", 1e6, costs.call},
          {"processor time of a call, each side", "call_cpu_us", "us", 1e6, costs.call_cpu},
          {"a unit at the scheduler", "unit_us", "us", 1e6, costs.unit},
          {"a byte of a worker's own copy", "own_ns_a_byte", "ns", 1e9, costs.own_byte},
          {"computing, all cores at once", "busy_compute", "times as long", 1, costs.busy_compute}};
}

// "776 rows/s in parts of 16".
std::string ComputeText(const PlanInput& input) {
  std::string text;
  for (const auto& [rows, seconds] : input.compute.points()) {
    absl::StrAppendFormat(&text, "%s%s rows/s", text.empty() ? "" : ", ", Rate(rows / seconds));
    if (input.compute.origin() == Origin::kMeasured) absl::StrAppendFormat(&text, " in parts of %.0f", rows);
  }
  return text;
}

std::string FiguresText(const PlanInput& input) {
  std::string text = absl::StrFormat("figures:\n  %-38s %s: %s\n", "a worker computes",
                                     OriginText(input.compute.origin()), ComputeText(input));
  for (const NamedFigure& named : Figures(input.costs)) {
    absl::StrAppendFormat(&text, "  %-38s %s: %.3g %s\n", named.what, OriginText(named.figure.origin),
                          named.figure.value * named.in_unit, named.unit);
  }
  return text;
}

Json PredictionJson(const Prediction& one) {
  const ModeInfo& info = InfoOf(one.candidate.mode);
  Json json;
  json["mode"] = info.name;
  json["same_bits"] = info.same_bits;
  json["servers"] = info.servers ? one.candidate.servers : 0;
  json["workers"] = one.candidate.workers;
  json["micro_batches"] = one.candidate.micro_batches;
  json["problem"] = one.problem.empty() ? Json() : Json(one.problem);
  json["rows_per_s"] = one.rows_per_s;
  json["step_s"] = one.step_s;
  json["worker_bytes_a_step"] = one.worker_bytes;
  json["link_bytes_a_step"] = one.link_bytes;
  json["server_memory"] = one.memory.server;
  json["worker_memory"] = one.memory.worker;
  json["bottleneck"] = CauseName(one.bottleneck());
  Json phases, causes;
  for (const Phase& phase : one.phases) phases[phase.name] = phase.seconds;
  for (size_t i = 0; i < kCauses; ++i) causes[CauseName(static_cast<Cause>(i))] = one.causes[i];
  json["phases_s"] = phases;
  json["causes_s"] = causes;
  return json;
}

Json ListJson(const std::vector<Prediction>& all) {
  Json list = Json::array();
  for (const Prediction& one : all) list.push_back(PredictionJson(one));
  return list;
}

}  // namespace

std::string PlanText(const PlanInput& input, const Plan& plan, const std::string& command) {
  std::string text = JobText(input) + MachinesText(input) + "\n";
  std::vector<std::vector<std::string>> lines = {kColumns};
  bool forecast = false;
  for (const Prediction& one : plan.modes) {
    lines.push_back(Line(one));
    forecast |= !InfoOf(one.candidate.mode).same_bits;
  }
  absl::StrAppend(&text, Table(lines));
  if (forecast)
    absl::StrAppend(
        &text,
        "* a forecast from its bytes alone; last bits differ from the other modes'. pumasi compare measures it\n");
  if (plan.by_workers.size() > 1) {
    lines = {kColumns};
    for (const Prediction& one : plan.by_workers) lines.push_back(Line(one));
    absl::StrAppend(&text, "\n", Table(lines));
  }
  absl::StrAppend(&text, "\n", BestText(input, plan, command), FiguresText(input));
  return text;
}

Json PlanJson(const PlanInput& input, const Plan& plan) {
  const JobShape& shape = input.shape;
  Json json;
  json["job"] = shape.name;
  json["parameters"] = shape.row_ids * shape.width + shape.dense_floats;
  json["batch"] = shape.batch;
  json["ids"] = {{"sampled_rows", input.ids->sampled_rows()},
                 {"rows", shape.train_rows},
                 {"in_a_batch", input.ids->Expected(shape.batch)},
                 {"ever_touched", input.ids->Expected(shape.train_rows)},
                 {"tokens_a_row", input.ids->tokens()}};
  json["best"] = plan.best < 0 ? Json() : PredictionJson(plan.modes[static_cast<size_t>(plan.best)]);
  json["other_bits"] = plan.other_bits < 0 ? Json() : PredictionJson(plan.modes[static_cast<size_t>(plan.other_bits)]);
  json["modes"] = ListJson(plan.modes);
  json["by_workers"] = ListJson(plan.by_workers);
  json["changes"] = Json::array();
  for (const Change& change : plan.changes) {
    json["changes"].push_back(
        {{"what", change.what}, {"faster", change.faster}, {"best", PredictionJson(change.best)}});
  }
  Json compute = Json::array();
  for (const auto& [rows, seconds] : input.compute.points()) compute.push_back({{"rows", rows}, {"seconds", seconds}});
  json["figures"]["compute"] = {{"origin", OriginName(input.compute.origin())}, {"parts", compute}};
  for (const NamedFigure& named : Figures(input.costs)) {
    json["figures"][named.key] = {{"origin", OriginName(named.figure.origin)},
                                  {"value", named.figure.value * named.in_unit}};
  }
  json["configurations"] = plan.looked_at;
  return json;
}

}  // namespace pumasi
