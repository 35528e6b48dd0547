#include "tools/cli/profile_report.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/stage_times.h"
#include "common/waits.h"

namespace pumasi {
namespace {

struct ServerColumn {
  const char* title;
  v1::Stage stage;
};
constexpr ServerColumn kServerColumns[] = {{"serve", v1::STAGE_SERVE},
                                           {"take", v1::STAGE_TAKE},
                                           {"apply", v1::STAGE_APPLY},
                                           {"save", v1::STAGE_CHECKPOINT},
                                           {"log", v1::STAGE_LOG}};

double ShareOf(double seconds, const v1::TimeUse& time) { return time.seconds() > 0 ? seconds / time.seconds() : 0; }

double SecondsOf(v1::Stage stage, const v1::TimeUse& time) {
  for (const v1::StageTimes& times : time.stages()) {
    if (times.stage() == stage) return times.seconds();
  }
  return 0;
}

Json StagesJson(const v1::TimeUse& time) {
  Json stages = Json::object();
  for (const v1::StageTimes& times : time.stages()) {
    Json buckets = Json::array();
    for (int i = 0; i < times.counts_size(); ++i) {
      buckets.push_back({UpperBound(times.first_bucket() + static_cast<uint32_t>(i)), times.counts(i)});
    }
    stages[StageName(times.stage())] = {{"count", CountOf(times)},
                                        {"seconds", times.seconds()},
                                        {"p50", QuantileOf(times, 0.5)},
                                        {"p99", QuantileOf(times, 0.99)},
                                        {"buckets", buckets}};
  }
  return stages;
}

Json WorkerJson(const v1::NodeUse& node) {
  const v1::TimeUse& time = node.time();
  Json shares;
  shares["compute"] = ShareOf(time.busy(), time);
  for (const WaitField& field : kWaitFields) shares[field.name] = ShareOf((time.waits().*field.get)(), time);
  Json waited_for = Json::object();
  for (const v1::WaitedFor& other : time.waited_for()) waited_for[other.name()] = other.seconds();
  return {{"node", node.node()},
          {"seconds", time.seconds()},
          {"shares", shares},
          {"waited_for", waited_for},
          {"stages", StagesJson(time)}};
}

Json ServerJson(const v1::NodeUse& node) {
  return {{"node", node.node()},
          {"seconds", node.time().seconds()},
          {"busy", ShareOf(node.time().busy(), node.time())},
          {"stages", StagesJson(node.time())}};
}

std::string KindName(v1::Bottleneck::Kind kind) { return absl::AsciiStrToLower(v1::Bottleneck::Kind_Name(kind)); }

std::string NameColumn(const std::string& name) {
  return absl::StrFormat("%-17s", name.size() > 16 ? absl::StrCat(name.substr(0, 14), "..") : name);
}

std::string Percent(double share) { return absl::StrFormat("%6.0f%%", 100 * share); }

}  // namespace

Json ProfileJson(const v1::JobStatus& status) {
  if (status.nodes().empty()) return Json();
  Json workers = Json::array(), servers = Json::array();
  for (const v1::NodeUse& node : status.nodes()) {
    if (node.role() == v1::ROLE_WORKER) workers.push_back(WorkerJson(node));
    if (node.role() == v1::ROLE_SERVER) servers.push_back(ServerJson(node));
  }
  Json bottleneck;
  if (status.has_bottleneck()) {
    const v1::Bottleneck& found = status.bottleneck();
    bottleneck = {{"kind", KindName(found.kind())}, {"share", found.share()}};
    bottleneck["node"] = found.node().empty() ? Json() : Json(found.node());
    bottleneck["sentence"] = found.sentence();
  }
  return {{"bottleneck", bottleneck}, {"workers", workers}, {"servers", servers}};
}

std::string ProfileTable(const v1::JobStatus& status) {
  std::string workers, servers;
  for (const v1::NodeUse& node : status.nodes()) {
    const v1::TimeUse& time = node.time();
    if (node.role() == v1::ROLE_WORKER) {
      absl::StrAppend(&workers, NameColumn(node.node()), Percent(ShareOf(time.busy(), time)));
      for (const WaitField& field : kWaitFields) {
        absl::StrAppend(&workers, Percent(ShareOf((time.waits().*field.get)(), time)));
      }
      absl::StrAppend(&workers, "\n");
    }
    if (node.role() == v1::ROLE_SERVER) {
      absl::StrAppend(&servers, NameColumn(node.node()), Percent(ShareOf(time.busy(), time)));
      for (const ServerColumn& column : kServerColumns) {
        absl::StrAppend(&servers, Percent(ShareOf(SecondsOf(column.stage, time), time)));
      }
      absl::StrAppend(&servers, "\n");
    }
  }
  std::string table;
  if (!workers.empty()) {
    absl::StrAppend(&table, NameColumn("worker"), "compute");
    for (const WaitField& field : kWaitFields) absl::StrAppendFormat(&table, "%7s", field.name);
    absl::StrAppend(&table, "\n", workers);
  }
  if (!servers.empty()) {
    absl::StrAppend(&table, NameColumn("server"), "   busy");
    for (const ServerColumn& column : kServerColumns) absl::StrAppendFormat(&table, "%7s", column.title);
    absl::StrAppend(&table, "\n", servers);
  }
  return table;
}

std::string BottleneckText(const v1::JobStatus& status) {
  return status.has_bottleneck() ? absl::StrCat("bottleneck: ", status.bottleneck().sentence()) : "";
}

std::string ProfileText(const v1::JobStatus& status) {
  const std::string bottleneck = BottleneckText(status);
  return absl::StrCat(ProfileTable(status), bottleneck, bottleneck.empty() ? "" : "\n");
}

}  // namespace pumasi
