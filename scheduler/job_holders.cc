#include "scheduler/job_holders.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace pumasi {

std::string SlotHolders::OutOf(const SlotHolders& want) const {
  std::string text;
  for (const auto& [there, wanted] : {std::pair(servers, want.servers), {workers, want.workers}}) {
    if (wanted > 0) absl::StrAppend(&text, text.empty() ? "" : " and ", there, " of ", wanted);
  }
  return text + " are there";
}

SlotHolders CountHolders(const std::vector<v1::Node>& nodes) {
  SlotHolders holders;
  for (const v1::Node& node : nodes) ++(node.role() == v1::ROLE_SERVER ? holders.servers : holders.workers);
  return holders;
}

SlotHolders WantedHolders(const v1::Job& job, uint32_t servers) {
  return {ServersHoldSlots(job) ? std::max(1u, servers) : 0, WorkersHoldSlots(job) ? 1u : 0u};
}

std::string HolderKind(const v1::Job& job) { return ServersHoldSlots(job) ? "server" : "worker"; }

std::string HoldersInWords(const v1::Job& job) {
  return KindsLieApart(job) ? "servers and workers" : HolderKind(job) + "s";
}

std::string WaitsForHolders(const v1::Job& job) { return absl::StrCat("waits for ", HoldersInWords(job), ": "); }

}  // namespace pumasi
