#include "worker/collective/group.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

absl::Status CheckShares(const Group& group) {
  if (group.shares.empty()) return absl::OkStatus();
  if (group.shares.size() != group.members.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a group of ", group.size(), " members has ", group.shares.size(), " shares"));
  }
  std::vector<PartRange> shares = group.shares;
  std::erase_if(shares, [](PartRange share) { return share.first == share.end; });
  std::sort(shares.begin(), shares.end());
  uint32_t next = 0;
  for (const PartRange share : shares) {
    if (share.first != next || share.first > share.end) {
      return absl::InvalidArgumentError(absl::StrCat("the shares of a group do not divide its parts: one is [",
                                                     share.first, ", ", share.end, ") where part ", next, " is due"));
    }
    next = share.end;
  }
  if (next == group.parts) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the shares of a group end with part ", next, " of ", group.parts, " parts"));
}

}  // namespace

absl::Status CheckGroup(const Group& group) {
  if (group.members.empty() || group.parts == 0 || group.owners.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("a group of ", group.size(), " members, ", group.parts,
                                                   " parts and ", group.chunks(), " chunks; one of each is needed"));
  }
  std::set<std::string> names;
  for (const std::string& name : group.members) {
    if (!names.insert(name).second) return absl::InvalidArgumentError(absl::StrCat(name, " is twice in a group"));
  }
  for (uint32_t chunk = 0; chunk < group.chunks(); ++chunk) {
    if (group.owners[chunk] < group.size()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("chunk ", chunk, " of a group belongs to member ", group.owners[chunk], ", of ", group.size()));
  }
  return CheckShares(group);
}

std::vector<uint32_t> ChunksOf(const Group& group, uint32_t member) {
  std::vector<uint32_t> chunks;
  for (uint32_t chunk = 0; chunk < group.chunks(); ++chunk) {
    if (group.owners[chunk] == member) chunks.push_back(chunk);
  }
  return chunks;
}

std::vector<PartRange> EvenShares(uint32_t parts, uint32_t members) {
  std::vector<PartRange> shares;
  for (uint64_t member = 0; member < members; ++member) {
    shares.push_back(
        {static_cast<uint32_t>(member * parts / members), static_cast<uint32_t>((member + 1) * parts / members)});
  }
  return shares;
}

std::vector<PartRange> NodesOf(PartRange range, uint32_t parts) {
  std::vector<PartRange> nodes;
  for (uint32_t first = range.first; first < range.end; first = nodes.back().end) {
    nodes.push_back(LargestNode(first, range.end, parts, parts));
  }
  return nodes;
}

TransferPlan PlanTransfers(const Group& group) {
  TransferPlan plan;
  for (uint32_t member = 0; member < group.size(); ++member) {
    const auto nodes = NodesOf(group.shares[member], group.parts);
    for (uint32_t chunk = 0; chunk < group.chunks(); ++chunk) {
      const uint32_t owner = group.owners[chunk];
      if (owner != member) {
        for (const PartRange node : nodes) plan.scatter.push_back({member, owner, chunk, node});
        continue;
      }
      for (uint32_t to = 0; to < group.size(); ++to) {
        if (to != member) plan.gather.push_back({member, to, chunk, {0, group.parts}});
      }
    }
  }
  std::sort(plan.scatter.begin(), plan.scatter.end());
  std::sort(plan.gather.begin(), plan.gather.end());
  return plan;
}

std::vector<uint64_t> FloatsSent(const Group& group, const std::vector<uint64_t>& floats) {
  std::vector<uint64_t> sent(group.size());
  const TransferPlan plan = PlanTransfers(group);
  for (const auto& transfers : {plan.scatter, plan.gather}) {
    for (const Transfer& transfer : transfers) sent[transfer.from] += floats[transfer.chunk];
  }
  return sent;
}

}  // namespace pumasi
