// Who holds what in a layout, in whatever role.
#ifndef PUMASI_WORKER_EXCHANGE_HOLDERS_H_
#define PUMASI_WORKER_EXCHANGE_HOLDERS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "proto/table.pb.h"

namespace pumasi {

// InvalidArgument: there are no slots or servers, a role names a server that is not listed or is said of another number
// of slots, or one server has two roles in one slot.
absl::Status CheckLayout(const v1::Layout& layout);

// Servers (indices into layout.servers) that hold a copy of `slot`: primary, backup, and the one being filled.
// REQUIRES: CheckLayout(layout), slot < slots.
std::vector<uint32_t> HoldersOf(const v1::Layout& layout, uint32_t slot);

// Servers that hold any slot in any role, ascending. A batch is pulled from all of them, since each has to have applied
// the batch before, and pushed to all of them, since each counts the parts of its slots.
// REQUIRES: CheckLayout(layout).
std::vector<uint32_t> HoldersOf(const v1::Layout& layout);

}  // namespace pumasi

#endif  // PUMASI_WORKER_EXCHANGE_HOLDERS_H_
