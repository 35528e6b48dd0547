// pumasi init: a certificate authority and certificates for a cluster's nodes.
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/exit_code.h"
#include "common/identity.h"
#include "tools/cli/commands.h"
#include "tools/cli/json.h"

namespace pumasi {
namespace {

absl::StatusOr<NodeCertificate> ParseNode(const std::string& text) {
  const std::vector<std::string> sides = absl::StrSplit(text, absl::MaxSplits('=', 1));
  const std::vector<std::string> who = absl::StrSplit(sides[0], absl::MaxSplits(':', 1));
  NodeCertificate node;
  const std::pair<const char*, v1::Role> roles[] = {{"scheduler", v1::ROLE_SCHEDULER},
                                                    {"server", v1::ROLE_SERVER},
                                                    {"worker", v1::ROLE_WORKER},
                                                    {"client", v1::ROLE_CLIENT}};
  for (const auto& [name, role] : roles) {
    if (who[0] == name) node.role = role;
  }
  if (node.role == v1::ROLE_UNSPECIFIED || who.size() != 2 || who[1].empty()) {
    return absl::InvalidArgumentError(absl::StrCat("--node ", text,
                                                   ": expected ROLE:NAME or ROLE:NAME=HOST,HOST, where ROLE is "
                                                   "scheduler, server, worker or client"));
  }
  node.name = who[1];
  if (sides.size() == 2) node.hosts = absl::StrSplit(sides[1], ',', absl::SkipEmpty());
  return node;
}

}  // namespace

int Init(const InitFlags& flags) {
  std::vector<NodeCertificate> nodes;
  for (const std::string& text : flags.nodes) {
    auto node = ParseNode(text);
    if (!node.ok()) return PrintError(node.status());
    nodes.push_back(*std::move(node));
  }
  if (absl::Status status = InitCertificates(flags.folder, nodes); !status.ok()) return PrintError(status);
  Json json;
  json["ca"] = flags.folder + "/ca.crt";
  json["nodes"] = Json::array();
  for (const NodeCertificate& node : nodes) {
    Json entry;
    entry["name"] = node.name;
    entry["certificate"] = absl::StrCat(flags.folder, "/", node.name, ".crt");
    entry["key"] = absl::StrCat(flags.folder, "/", node.name, ".key");
    json["nodes"].push_back(entry);
  }
  if (flags.json) {
    std::printf("%s\n", ToLine(json).c_str());
    return kExitOk;
  }
  std::printf("authority: %s/ca.crt; keep %s/ca.key off the nodes\n", flags.folder.c_str(), flags.folder.c_str());
  for (const NodeCertificate& node : nodes) {
    std::printf("%s: in its settings\n  tls: {ca: %s/ca.crt, certificate: %s/%s.crt, key: %s/%s.key}\n",
                node.name.c_str(), flags.folder.c_str(), flags.folder.c_str(), node.name.c_str(), flags.folder.c_str(),
                node.name.c_str());
  }
  return kExitOk;
}

}  // namespace pumasi
