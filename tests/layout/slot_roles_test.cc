#include "common/layout/slot_roles.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

namespace pumasi {
namespace {

// Servers 10 to 15; slot 0 on 1, slot 1 on 1 and 4, slot 2 on 4 and being copied to 2.
v1::Layout SomeLayout() {
  v1::Layout layout;
  for (int server = 0; server < 6; ++server) layout.add_servers()->set_incarnation(10 + server);
  for (const uint32_t owner : {1, 1, 4}) layout.add_slot_owner(owner);
  for (const uint32_t backup : {0, 5, 0}) layout.add_slot_backup(backup);
  for (const uint32_t filling : {0, 0, 3}) layout.add_slot_filling(filling);
  return layout;
}

TEST_CASE("A role is 1 + the server's index, and 0 or no list at all is nobody") {
  v1::Layout layout = SomeLayout();
  CHECK(CheckLayout(layout).ok());
  CHECK_FALSE(BackupOf(layout, 0).has_value());
  CHECK(BackupOf(layout, 1) == 4u);
  CHECK_FALSE(FillingOf(layout, 1).has_value());
  CHECK(FillingOf(layout, 2) == 2u);
  layout.clear_slot_backup();
  layout.clear_slot_filling();
  CHECK(CheckLayout(layout).ok());
  CHECK_FALSE(BackupOf(layout, 1).has_value());
  CHECK_FALSE(FillingOf(layout, 2).has_value());
}

TEST_CASE("Holders are the servers with any role") {
  const v1::Layout layout = SomeLayout();
  CHECK(HoldersOf(layout, 0) == std::vector<uint32_t>{1});
  CHECK(HoldersOf(layout, 1) == std::vector<uint32_t>{1, 4});
  CHECK(HoldersOf(layout, 2) == std::vector<uint32_t>{4, 2});
  CHECK(HoldersOf(layout) == std::vector<uint32_t>{1, 2, 4});
}

TEST_CASE("What one server is for each slot") {
  using Roles = std::vector<SlotRole>;
  constexpr SlotRole none = SlotRole::kNone;
  const v1::Layout layout = SomeLayout();
  CHECK(RolesOf(layout, 11) == Roles{SlotRole::kPrimary, SlotRole::kPrimary, none});
  CHECK(RolesOf(layout, 14) == Roles{none, SlotRole::kBackup, SlotRole::kPrimary});
  CHECK(RolesOf(layout, 12) == Roles{none, none, SlotRole::kFilling});
  CHECK(RolesOf(layout, 10) == Roles{none, none, none});
  CHECK(RolesOf(layout, 99) == Roles{none, none, none});
}

// Servers 10 to 13: all slots on 10, 12 and 13.
v1::Layout Replicated() {
  v1::Layout layout;
  for (int server = 0; server < 4; ++server) layout.add_servers()->set_incarnation(10 + server);
  for (const uint32_t owner : {0, 3, 2}) layout.add_slot_owner(owner);
  for (const uint32_t replica : {0, 2, 3}) layout.add_replicas(replica);
  return layout;
}

TEST_CASE("In a replicated layout each replica has every slot, as its primary or its backup") {
  using Roles = std::vector<SlotRole>;
  constexpr SlotRole none = SlotRole::kNone, primary = SlotRole::kPrimary, backup = SlotRole::kBackup;
  CHECK_FALSE(IsReplicated(SomeLayout()));
  v1::Layout layout = Replicated();
  CHECK(IsReplicated(layout));
  CHECK(CheckLayout(layout).ok());
  CHECK(HoldersOf(layout, 0) == std::vector<uint32_t>{0, 2, 3});
  CHECK(HoldersOf(layout, 1) == std::vector<uint32_t>{3, 0, 2});
  CHECK(HoldersOf(layout) == std::vector<uint32_t>{0, 2, 3});
  CHECK(RolesOf(layout, 10) == Roles{primary, backup, backup});
  CHECK(RolesOf(layout, 11) == Roles{none, none, none});
  CHECK(RolesOf(layout, 12) == Roles{backup, backup, primary});
  for (int slot = 0; slot < 3; ++slot) layout.add_slot_filling(2);
  CHECK(CheckLayout(layout).ok());
  CHECK(HoldersOf(layout, 1) == std::vector<uint32_t>{3, 0, 2, 1});
  CHECK(HoldersOf(layout) == std::vector<uint32_t>{0, 1, 2, 3});
  CHECK(RolesOf(layout, 11) == Roles(3, SlotRole::kFilling));
}

TEST_CASE("Pulls are answered by the primary, in a replicated layout by backups, too") {
  const v1::Layout some = SomeLayout(), replicated = Replicated();
  for (const SlotRole role : {SlotRole::kNone, SlotRole::kPrimary, SlotRole::kBackup, SlotRole::kFilling}) {
    CHECK(Reads(some, 0, role) == (role == SlotRole::kPrimary));
    CHECK(Reads(replicated, 0, role) == (role == SlotRole::kPrimary || role == SlotRole::kBackup));
  }
}

TEST_CASE("A replicated layout that makes no sense is refused") {
  const auto refused = [](const std::function<void(v1::Layout&)>& spoil) {
    v1::Layout layout = Replicated();
    spoil(layout);
    const absl::Status status = CheckLayout(layout);
    CHECK(absl::IsInvalidArgument(status));
    return std::string(status.message());
  };
  const auto fill = [](v1::Layout& layout, uint32_t a, uint32_t b, uint32_t c) {
    for (const uint32_t filling : {a, b, c}) layout.add_slot_filling(filling);
  };
  const std::string order = "the replicas of the layout are no ascending list of its servers";
  CHECK(refused([](auto& l) { l.set_replicas(1, 0); }) == order);
  CHECK(refused([](auto& l) { l.set_replicas(1, 3); }) == order);
  CHECK(refused([](auto& l) { l.set_replicas(2, 4); }) == order);
  CHECK(refused([](auto& l) { l.set_slot_owner(1, 1); }) == "the primary of slot 1 is none of the layout's replicas");
  CHECK(refused([](auto& l) {
          for (const uint32_t backup : {2, 2, 2}) l.add_slot_backup(backup);
        }) == "the layout has replicas that hold every slot, and second copies of slots, too");
  const std::string filling = "the layout has replicas: one more server may be filled, with all slots at once";
  CHECK(refused([&](auto& l) { fill(l, 2, 2, 0); }) == filling);
  CHECK(refused([&](auto& l) { fill(l, 4, 3, 4); }) == filling);
  CHECK(refused([&](auto& l) { l.mutable_replicas()->RemoveLast(), l.set_slot_owner(1, 0), fill(l, 2, 2, 4); }) ==
        filling);
}

// Servers 10 to 13: rows in slots 0 to 2, on 10 and 11; dense chunks in 3 to 5, on 12 and 13.
v1::Layout Apart() {
  v1::Layout layout;
  for (int server = 0; server < 4; ++server) layout.add_servers()->set_incarnation(10 + server);
  for (const uint32_t owner : {0, 1, 0, 2, 3, 2}) layout.add_slot_owner(owner);
  for (const uint32_t backup : {2, 1, 0, 0, 0, 0}) layout.add_slot_backup(backup);
  for (const uint32_t replica : {2, 3}) layout.add_replicas(replica);
  layout.set_dense_from(3);
  return layout;
}

TEST_CASE("Where rows and dense chunks lie apart, replicas hold the slots of dense chunks alone") {
  using Roles = std::vector<SlotRole>;
  constexpr SlotRole none = SlotRole::kNone, primary = SlotRole::kPrimary, backup = SlotRole::kBackup;
  v1::Layout layout = Apart();
  CHECK(CheckLayout(layout).ok());
  CHECK_FALSE(IsReplicated(layout));
  CHECK_FALSE(IsReplicated(layout, 2));
  CHECK(IsReplicated(layout, 3));
  CHECK(RolesOf(layout, 10) == Roles{primary, backup, primary, none, none, none});
  CHECK(RolesOf(layout, 12) == Roles{none, none, none, primary, backup, primary});
  CHECK(HoldersOf(layout, 1) == std::vector<uint32_t>{1, 0});
  CHECK(HoldersOf(layout, 2) == std::vector<uint32_t>{0});
  CHECK(HoldersOf(layout, 4) == std::vector<uint32_t>{3, 2});
  CHECK(HoldersOf(layout) == std::vector<uint32_t>{0, 1, 2, 3});
  CHECK_FALSE(Reads(layout, 0, backup));
  CHECK(Reads(layout, 3, backup));
  // Of rows any slots may be filling.
  for (const uint32_t filling : {0, 0, 2, 0, 0, 0}) layout.add_slot_filling(filling);
  CHECK(CheckLayout(layout).ok());
}

TEST_CASE("Slots that lie apart and make no sense are refused") {
  const auto refused = [](const std::function<void(v1::Layout&)>& spoil) {
    v1::Layout layout = Apart();
    spoil(layout);
    const absl::Status status = CheckLayout(layout);
    CHECK(absl::IsInvalidArgument(status));
    return std::string(status.message());
  };
  CHECK(refused([](auto& l) { l.set_dense_from(2); }) ==
        "the layout has 6 slots, and of dense chunks those from 2 on: half of them should be");
  CHECK(refused([](auto& l) { l.set_dense_from(0xffffffff); }).find("half of them") != std::string::npos);
  CHECK(refused([](auto& l) { l.set_slot_owner(4, 1); }) == "the primary of slot 4 is none of the layout's replicas");
  CHECK(refused([](auto& l) { l.set_slot_backup(4, 1); }) ==
        "the layout has replicas that hold every slot, and second copies of slots, too");
  CHECK(refused([](auto& l) {
          for (const uint32_t filling : {0, 0, 0, 1, 0, 0}) l.add_slot_filling(filling);
        }) == "the layout has replicas: one more server may be filled, with all slots at once");
}

TEST_CASE("A layout that makes no sense is refused") {
  const auto refused = [](const std::function<void(v1::Layout&)>& spoil) {
    v1::Layout layout = SomeLayout();
    spoil(layout);
    const absl::Status status = CheckLayout(layout);
    CHECK(absl::IsInvalidArgument(status));
    return std::string(status.message());
  };
  CHECK(refused([](auto& l) { l.Clear(); }) == "the layout has no slots or no servers");
  CHECK(refused([](auto& l) { l.clear_servers(); }) == "the layout has no slots or no servers");
  CHECK(refused([](auto& l) { l.add_slot_backup(1); }) == "the layout has 3 slots, but copies of 4 and 3");
  CHECK(refused([](auto& l) { l.mutable_slot_filling()->RemoveLast(); }) ==
        "the layout has 3 slots, but copies of 3 and 2");
  const std::string unlisted = "slot 1 of the layout names a server that it does not list";
  CHECK(refused([](auto& l) { l.set_slot_owner(1, 6); }) == unlisted);
  CHECK(refused([](auto& l) { l.set_slot_backup(1, 7); }) == unlisted);
  CHECK(refused([](auto& l) { l.set_slot_filling(1, 7); }) == unlisted);
  CHECK(refused([](auto& l) { l.set_slot_filling(1, 0xffffffff); }) == unlisted);
  const std::string twice = "slot 1 of the layout is twice on one server";
  CHECK(refused([](auto& l) { l.set_slot_backup(1, 2); }) == twice);
  CHECK(refused([](auto& l) { l.set_slot_filling(1, 2); }) == twice);
  CHECK(refused([](auto& l) { l.set_slot_filling(1, 5); }) == twice);
}

}  // namespace
}  // namespace pumasi
