// The commands about a cluster's servers and workers.
#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/exit_code.h"
#include "tools/cli/commands.h"
#include "tools/cli/json.h"
#include "tools/cli/scheduler_link.h"

namespace pumasi {
namespace {

std::string RoleName(v1::Role role) { return role == v1::ROLE_SERVER ? "server" : "worker"; }

bool MayHoldSlots(const v1::Node& node) { return node.role() == v1::ROLE_SERVER || node.hosts_slots(); }

Json NodeJson(const v1::NodeStatus& node) {
  Json json;
  json["name"] = node.node().name();
  json["role"] = RoleName(node.node().role());
  json["address"] = node.node().address();
  json["alive"] = node.alive();
  json["silent_s"] = node.silent_seconds();
  json["kernel_set"] = node.node().kernel_set();
  json["jobs"] = Json(std::vector<std::string>(node.jobs().begin(), node.jobs().end()));
  json["note"] = node.note();
  json["draining"] = node.draining();
  json["drained"] = node.drained();
  if (node.node().role() == v1::ROLE_WORKER) json["devices"] = std::max(node.node().devices(), 1u);
  if (MayHoldSlots(node.node())) {
    json["primary_slots"] = node.primary_slots();
    json["backup_slots"] = node.backup_slots();
    json["filling_slots"] = node.filling_slots();
  }
  return json;
}

// "512+512": primary and backup slots; "512+512+3" while it copies 3.
std::string SlotsText(const v1::NodeStatus& node) {
  const uint64_t slots = uint64_t{node.primary_slots()} + node.backup_slots() + node.filling_slots();
  // A worker holds slots only of jobs whose workers do.
  const bool server = node.node().role() == v1::ROLE_SERVER;
  if (!MayHoldSlots(node.node()) || (slots == 0 && !server)) return "-";
  std::string text = absl::StrCat(node.primary_slots(), "+", node.backup_slots());
  if (node.filling_slots() > 0) absl::StrAppend(&text, "+", node.filling_slots());
  return text;
}

std::string StateText(const v1::NodeStatus& node) {
  if (!node.alive()) return "dead";
  return node.drained() ? "drained" : node.draining() ? "draining" : "alive";
}

}  // namespace

int ListNodes(const JobFlags& flags) {
  auto link = SchedulerLink::Open(flags.cluster);
  if (!link.ok()) return PrintError(link.status());
  auto nodes = (*link)->ListNodes();
  if (!nodes.ok()) return PrintError(nodes.status());
  Json all = Json::array();
  if (!flags.json) {
    std::printf("%-20s %-7s %-9s %-14s %-28s %s\n", "NODE", "ROLE", "STATE", "SLOTS", "ADDRESS", "JOBS, NOTES");
  }
  for (const v1::NodeStatus& node : *nodes) {
    if (flags.json) {
      all.push_back(NodeJson(node));
      continue;
    }
    std::string jobs = node.note();
    for (const std::string& job : node.jobs()) absl::StrAppend(&jobs, jobs.empty() ? "" : " ", job);
    std::printf("%-20s %-7s %-9s %-14s %-28s %s\n", node.node().name().c_str(), RoleName(node.node().role()).c_str(),
                StateText(node).c_str(), SlotsText(node).c_str(), node.node().address().c_str(), jobs.c_str());
  }
  if (flags.json) std::printf("%s\n", ToLine(all).c_str());
  return kExitOk;
}

int Drain(const DrainFlags& flags) {
  auto link = SchedulerLink::Open(flags.cluster);
  if (!link.ok()) return PrintError(link.status());
  if (absl::Status status = (*link)->Drain(flags.node, flags.undo); !status.ok()) return PrintError(status);
  Json json;
  json["node"] = flags.node;
  json["draining"] = !flags.undo;
  std::printf("%s\n", flags.json ? ToLine(json).c_str()
                      : flags.undo
                          ? absl::StrCat(flags.node, ": takes part again").c_str()
                          : absl::StrCat(flags.node, ": draining; end it once `pumasi nodes` says drained").c_str());
  return kExitOk;
}

}  // namespace pumasi
