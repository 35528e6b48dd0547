#include "common/layout/slot_roles.h"

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

// Whether a role is said of each slot, or of none.
bool Complete(int said, int slots) { return said == 0 || said == slots; }

template <typename Role>
std::optional<uint32_t> ServerOf(const Role& role, uint32_t slot) {
  if (role.empty() || role[static_cast<int>(slot)] == 0) return std::nullopt;
  return role[static_cast<int>(slot)] - 1;
}

}  // namespace

absl::Status CheckLayout(const v1::Layout& layout) {
  const int slots = layout.slot_owner_size();
  const auto servers = static_cast<uint32_t>(layout.servers_size());
  if (slots == 0 || servers == 0) return absl::InvalidArgumentError("the layout has no slots or no servers");
  if (!Complete(layout.slot_backup_size(), slots) || !Complete(layout.slot_filling_size(), slots)) {
    return absl::InvalidArgumentError(absl::StrCat("the layout has ", slots, " slots, but copies of ",
                                                   layout.slot_backup_size(), " and ", layout.slot_filling_size()));
  }
  for (uint32_t slot = 0; slot < static_cast<uint32_t>(slots); ++slot) {
    const uint32_t primary = layout.slot_owner(static_cast<int>(slot));
    const auto backup = BackupOf(layout, slot), filling = FillingOf(layout, slot);
    if (primary >= servers || backup.value_or(0) >= servers || filling.value_or(0) >= servers) {
      return absl::InvalidArgumentError(
          absl::StrCat("slot ", slot, " of the layout names a server that it does not list"));
    }
    if (primary == backup || primary == filling || (backup.has_value() && backup == filling)) {
      return absl::InvalidArgumentError(absl::StrCat("slot ", slot, " of the layout is twice on one server"));
    }
  }
  return absl::OkStatus();
}

std::optional<uint32_t> BackupOf(const v1::Layout& layout, uint32_t slot) {
  return ServerOf(layout.slot_backup(), slot);
}

std::optional<uint32_t> FillingOf(const v1::Layout& layout, uint32_t slot) {
  return ServerOf(layout.slot_filling(), slot);
}

std::vector<uint32_t> HoldersOf(const v1::Layout& layout, uint32_t slot) {
  std::vector<uint32_t> holders = {layout.slot_owner(static_cast<int>(slot))};
  for (const auto server : {BackupOf(layout, slot), FillingOf(layout, slot)}) {
    if (server.has_value()) holders.push_back(*server);
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

std::vector<SlotRole> RolesOf(const v1::Layout& layout, uint64_t incarnation) {
  const auto slots = static_cast<uint32_t>(layout.slot_owner_size());
  std::vector<SlotRole> roles(slots, SlotRole::kNone);
  const auto ours = [&](uint32_t server) {
    return layout.servers(static_cast<int>(server)).incarnation() == incarnation;
  };
  for (uint32_t slot = 0; slot < slots; ++slot) {
    const auto backup = BackupOf(layout, slot), filling = FillingOf(layout, slot);
    if (ours(layout.slot_owner(static_cast<int>(slot)))) {
      roles[slot] = SlotRole::kPrimary;
    } else if (backup.has_value() && ours(*backup)) {
      roles[slot] = SlotRole::kBackup;
    } else if (filling.has_value() && ours(*filling)) {
      roles[slot] = SlotRole::kFilling;
    }
  }
  return roles;
}

}  // namespace pumasi
