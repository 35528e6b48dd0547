// Who sums what in a collective over the workers of a job: plain data, the same at every member.
//
// A batch's gradient is cut into chunks, and each chunk has an owner among the members. Scatter: what a member has
// computed of a chunk goes to its owner, as nodes of the job's fixed tree of parts (common/layout/part_range.h).
// Gather: the owner sends the chunk's sum to all. So the sums have the same bits whoever the members are, and with
// shares that are nodes a member sends as much as in a ring: (n - 1) / n of the gradient, and as much again.
#ifndef PUMASI_WORKER_COLLECTIVE_GROUP_H_
#define PUMASI_WORKER_COLLECTIVE_GROUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/layout/part_range.h"

namespace pumasi {

// Members are numbered by their place in `members`.
struct Group {
  uint64_t epoch = 0;                // greater in each later group of the job
  std::vector<std::string> members;  // names, each once
  uint32_t parts = 1;                // of a batch
  std::vector<uint32_t> owners;      // by chunk: a member
  // By member: the parts of each batch that it computes, also none. Empty: that is not fixed, whoever leased a part
  // computes it.
  std::vector<PartRange> shares;

  uint32_t size() const { return static_cast<uint32_t>(members.size()); }
  uint32_t chunks() const { return static_cast<uint32_t>(owners.size()); }
};

// InvalidArgument: no members, parts or chunks, a name that is there twice, an owner who is none of the members, or
// shares that do not divide the parts. A group from elsewhere has to pass before anything below.
absl::Status CheckGroup(const Group& group);

// Those that the member owns, ascending.
std::vector<uint32_t> ChunksOf(const Group& group, uint32_t member);

// The parts dealt out in order, as evenly as can be; with fewer parts than members some get none.
std::vector<PartRange> EvenShares(uint32_t parts, uint32_t members);

// The fewest nodes of the tree that make up `range`, in order; none for an empty one. REQUIRES: range.end <= parts.
std::vector<PartRange> NodesOf(PartRange range, uint32_t parts);

// One message with values, from one member to another.
struct Transfer {
  uint32_t from = 0, to = 0;
  uint32_t chunk = 0;
  PartRange node;  // all parts: the chunk's sum
  auto operator<=>(const Transfer&) const = default;
};

// All of them for one batch, if each is sent once; ascending within scatter and gather.
struct TransferPlan {
  std::vector<Transfer> scatter, gather;
};
// REQUIRES: the group has shares.
TransferPlan PlanTransfers(const Group& group);

// By member: how many floats it sends for one batch by that plan. `floats`: by chunk, its size.
std::vector<uint64_t> FloatsSent(const Group& group, const std::vector<uint64_t>& floats);

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_GROUP_H_
