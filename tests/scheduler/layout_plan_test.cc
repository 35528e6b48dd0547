#include "scheduler/layout_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

namespace pumasi {
namespace {

std::vector<v1::Node> Servers(uint32_t count) {
  std::vector<v1::Node> servers(count);
  for (uint32_t i = 0; i < count; ++i) {
    servers[i].set_name("s" + std::to_string(i));
    servers[i].set_address("host" + std::to_string(i) + ":7");
    servers[i].set_incarnation(100 + i);
  }
  return servers;
}

TEST_CASE("Servers get equal numbers of slots, one more or less, and every slot has an owner") {
  for (uint32_t count = 1; count <= 9; ++count) {
    for (const uint32_t slots : {1, 2, 7, 8, 64}) {
      CAPTURE(count, slots);
      const v1::Layout layout = PlanLayout(5, 2, slots, Servers(count), 1);
      CHECK(layout.epoch() == 5);
      CHECK(layout.generation() == 2);
      CHECK(layout.slot_backup().empty());
      REQUIRE(layout.servers_size() == static_cast<int>(count));
      REQUIRE(layout.slot_owner_size() == static_cast<int>(slots));
      std::vector<uint32_t> owned(count);
      for (const uint32_t owner : layout.slot_owner()) {
        REQUIRE(owner < count);
        ++owned[owner];
      }
      CHECK(*std::max_element(owned.begin(), owned.end()) - *std::min_element(owned.begin(), owned.end()) <= 1);
    }
  }
}

TEST_CASE("Neighbouring slots lie on different servers, in the servers' order") {
  const v1::Layout layout = PlanLayout(1, 0, 5, Servers(3), 1);
  CHECK(std::vector<uint32_t>(layout.slot_owner().begin(), layout.slot_owner().end()) ==
        std::vector<uint32_t>{0, 1, 2, 0, 1});
  CHECK(layout.servers(1).node() == "s1");
  CHECK(layout.servers(1).address() == "host1:7");
  CHECK(layout.servers(1).incarnation() == 101);
}

}  // namespace
}  // namespace pumasi
