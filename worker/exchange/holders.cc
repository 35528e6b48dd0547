#include "worker/exchange/holders.h"

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

// Whether a role is said of each slot, or of none.
bool Complete(int said, int slots) { return said == 0 || said == slots; }

// Index of the server that has the role in `slot`; -1: none has.
template <typename Role>
int64_t ServerOf(const Role& role, uint32_t slot) {
  return role.empty() ? -1 : int64_t{role[static_cast<int>(slot)]} - 1;
}

}  // namespace

absl::Status CheckLayout(const v1::Layout& layout) {
  const int slots = layout.slot_owner_size();
  const int64_t servers = layout.servers_size();
  if (slots == 0 || servers == 0) return absl::InvalidArgumentError("the layout has no slots or no servers");
  if (!Complete(layout.slot_backup_size(), slots) || !Complete(layout.slot_filling_size(), slots)) {
    return absl::InvalidArgumentError(absl::StrCat("the layout has ", slots, " slots, but copies of ",
                                                   layout.slot_backup_size(), " and ", layout.slot_filling_size()));
  }
  for (uint32_t slot = 0; slot < static_cast<uint32_t>(slots); ++slot) {
    const int64_t primary = layout.slot_owner(static_cast<int>(slot));
    const int64_t backup = ServerOf(layout.slot_backup(), slot), filling = ServerOf(layout.slot_filling(), slot);
    if (primary >= servers || backup >= servers || filling >= servers) {
      return absl::InvalidArgumentError(
          absl::StrCat("slot ", slot, " of the layout names a server that it does not list"));
    }
    if (primary == backup || primary == filling || (backup >= 0 && backup == filling)) {
      return absl::InvalidArgumentError(absl::StrCat("slot ", slot, " of the layout is twice on one server"));
    }
  }
  return absl::OkStatus();
}

std::vector<uint32_t> HoldersOf(const v1::Layout& layout, uint32_t slot) {
  std::vector<uint32_t> holders = {layout.slot_owner(static_cast<int>(slot))};
  for (const int64_t server : {ServerOf(layout.slot_backup(), slot), ServerOf(layout.slot_filling(), slot)}) {
    if (server >= 0) holders.push_back(static_cast<uint32_t>(server));
  }
  return holders;
}

std::vector<uint32_t> HoldersOf(const v1::Layout& layout) {
  std::vector<bool> holds(layout.servers_size(), false);
  for (uint32_t slot = 0; slot < static_cast<uint32_t>(layout.slot_owner_size()); ++slot) {
    for (const uint32_t server : HoldersOf(layout, slot)) holds[server] = true;
  }
  std::vector<uint32_t> holders;
  for (uint32_t server = 0; server < holds.size(); ++server) {
    if (holds[server]) holders.push_back(server);
  }
  return holders;
}

}  // namespace pumasi
