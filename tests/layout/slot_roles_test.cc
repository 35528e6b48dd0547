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
