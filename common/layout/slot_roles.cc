#include "common/layout/slot_roles.h"

#include <algorithm>
#include <functional>

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

bool IsReplica(const v1::Layout& layout, uint32_t server) {
  return std::binary_search(layout.replicas().begin(), layout.replicas().end(), server);
}

absl::Status CheckReplicas(const v1::Layout& layout) {
  const auto& replicas = layout.replicas();
  // Strictly ascending, or some index is twice there or not to be found.
  const bool ascending =
      std::adjacent_find(replicas.begin(), replicas.end(), std::greater_equal<uint32_t>()) == replicas.end();
  if (!ascending || replicas[replicas.size() - 1] >= static_cast<uint32_t>(layout.servers_size())) {
    return absl::InvalidArgumentError("the replicas of the layout are no ascending list of its servers");
  }
  const auto first = static_cast<int>(layout.dense_from());
  for (int slot = first; slot < layout.slot_owner_size(); ++slot) {
    if (BackupOf(layout, static_cast<uint32_t>(slot)).has_value()) {
      return absl::InvalidArgumentError(
          "the layout has replicas that hold every slot, and second copies of slots, too");
    }
    if (!IsReplica(layout, layout.slot_owner(slot))) {
      return absl::InvalidArgumentError(
          absl::StrCat("the primary of slot ", slot, " is none of the layout's replicas"));
    }
    if (layout.slot_filling().empty()) continue;
    const uint32_t filling = layout.slot_filling(slot);
    if (filling != layout.slot_filling(first) || (filling > 0 && IsReplica(layout, filling - 1))) {
      return absl::InvalidArgumentError(
          "the layout has replicas: one more server may be filled, with all slots at once");
    }
  }
  return absl::OkStatus();
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
  if (layout.dense_from() > 0 && 2 * uint64_t{layout.dense_from()} != static_cast<uint64_t>(slots)) {
    return absl::InvalidArgumentError(absl::StrCat("the layout has ", slots, " slots, and of dense chunks those from ",
                                                   layout.dense_from(), " on: half of them should be"));
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
  return layout.replicas_size() > 0 ? CheckReplicas(layout) : absl::OkStatus();
}

std::optional<uint32_t> BackupOf(const v1::Layout& layout, uint32_t slot) {
  return ServerOf(layout.slot_backup(), slot);
}

std::optional<uint32_t> FillingOf(const v1::Layout& layout, uint32_t slot) {
  return ServerOf(layout.slot_filling(), slot);
}

std::vector<uint32_t> HoldersOf(const v1::Layout& layout, uint32_t slot) {
  std::vector<uint32_t> holders = {layout.slot_owner(static_cast<int>(slot))};
  for (const uint32_t replica : layout.replicas()) {
    if (replica != holders[0] && IsReplicated(layout, slot)) holders.push_back(replica);
  }
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
  const bool replica = std::any_of(layout.replicas().begin(), layout.replicas().end(), ours);
  for (uint32_t slot = 0; slot < slots; ++slot) {
    const auto backup = BackupOf(layout, slot), filling = FillingOf(layout, slot);
    if (ours(layout.slot_owner(static_cast<int>(slot)))) {
      roles[slot] = SlotRole::kPrimary;
    } else if ((replica && IsReplicated(layout, slot)) || (backup.has_value() && ours(*backup))) {
      roles[slot] = SlotRole::kBackup;
    } else if (filling.has_value() && ours(*filling)) {
      roles[slot] = SlotRole::kFilling;
    }
  }
  return roles;
}

}  // namespace pumasi
