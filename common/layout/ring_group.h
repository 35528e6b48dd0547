// Who sums gradients together in a job with allreduce: {reduction: ring}, and who computes what. Both follow from the
// layout alone, so that scheduler and workers need not tell each other.
#ifndef PUMASI_COMMON_LAYOUT_RING_GROUP_H_
#define PUMASI_COMMON_LAYOUT_RING_GROUP_H_

#include <cstdint>
#include <vector>

#include "common/layout/part_range.h"
#include "proto/table.pb.h"

namespace pumasi {

// Incarnations of the servers that hold whole copies, in the layout's order: batches are shared out among them.
std::vector<uint64_t> RingSharers(const v1::Layout& layout);

// Indices into the layout's servers, in the order of ranks: those, and after them the one that is being filled. It gets
// the sums as well, so that its copy goes on with the others'.
std::vector<uint32_t> RingGroup(const v1::Layout& layout);

// Parts of each batch that the sharer at `place` of `count` computes.
PartRange ShareOfPlace(uint64_t place, uint64_t count, uint32_t parts);

// Likewise, of one of RingSharers; empty: it is none of them.
PartRange RingShare(const v1::Layout& layout, uint64_t incarnation, uint32_t parts);

}  // namespace pumasi

#endif  // PUMASI_COMMON_LAYOUT_RING_GROUP_H_
