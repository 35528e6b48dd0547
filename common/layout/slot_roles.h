// Who has which slot in a layout, and in what role. A layout says it as indices into its servers: slot_owner of the
// primary, slot_backup and slot_filling 1 + index, where 0 is nobody and an empty list is nobody anywhere. In a
// replicated layout each of `replicas` (indices) holds every slot: as its primary or, if that is another one, its
// backup. With `dense_from` only the slots from there on are replicated so, which hold the dense chunks, and those
// before, which hold the rows, are not. Read here and nowhere else, but for the primaries.
#ifndef PUMASI_COMMON_LAYOUT_SLOT_ROLES_H_
#define PUMASI_COMMON_LAYOUT_SLOT_ROLES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "proto/table.pb.h"

namespace pumasi {

// What a server is for a slot.
enum class SlotRole : uint8_t { kNone, kPrimary, kBackup, kFilling };

// InvalidArgument: there are no slots or servers, a role names a server that is not listed or is said of another number
// of slots, or one server has two roles in one slot; replicated slots are there that not all replicas hold, or that
// another server than the others' is being filled with; dense_from does not cut the slots in halves. A layout from
// elsewhere has to pass before anything below.
absl::Status CheckLayout(const v1::Layout& layout);

// Whether the slot is one of those that all replicas hold; whether all slots are.
inline bool IsReplicated(const v1::Layout& layout, uint32_t slot) {
  return layout.replicas_size() > 0 && slot >= layout.dense_from();
}
inline bool IsReplicated(const v1::Layout& layout) { return IsReplicated(layout, 0); }

// Whether a server of this role answers pulls of the slot's values once it has it.
inline bool Reads(const v1::Layout& layout, uint32_t slot, SlotRole role) {
  return role == SlotRole::kPrimary || (role == SlotRole::kBackup && IsReplicated(layout, slot));
}

// Index of the server that is the slot's second copy, or is being filled with it; nullopt: none is, or the slot is
// replicated and has many. REQUIRES: slot < slots.
std::optional<uint32_t> BackupOf(const v1::Layout& layout, uint32_t slot);
std::optional<uint32_t> FillingOf(const v1::Layout& layout, uint32_t slot);

// Servers that hold a copy of `slot`: the primary first, backups, and the one being filled. REQUIRES: slot < slots.
std::vector<uint32_t> HoldersOf(const v1::Layout& layout, uint32_t slot);

// Servers that hold any slot in any role, ascending. A batch is pulled from all of them, since each has to have applied
// the batch before, and pushed to all of them, since each counts the parts of its slots.
std::vector<uint32_t> HoldersOf(const v1::Layout& layout);

// By slot: the role of the server with this incarnation.
std::vector<SlotRole> RolesOf(const v1::Layout& layout, uint64_t incarnation);

}  // namespace pumasi

#endif  // PUMASI_COMMON_LAYOUT_SLOT_ROLES_H_
