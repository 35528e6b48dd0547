#include "tools/plan/machines.h"

#include <map>
#include <random>
#include <set>

#include "tests/plan/some_input.h"

namespace pumasi {
namespace {

TEST_CASE("Each process has a machine of its own while there are enough") {
  const std::vector<MachineGroup> groups = {SomeMachines(8, 4, 10)};
  const auto spots = Place(groups, 4, 3, 1);
  REQUIRE(spots.size() == 2);
  CHECK(spots[0].machines == 4);
  CHECK(spots[0].workers == 1);
  CHECK(spots[0].servers == 0);
  CHECK(spots[1].machines == 3);
  CHECK(spots[1].workers == 0);
  CHECK(spots[1].servers == 1);
}

TEST_CASE("Otherwise they share machines, as evenly as they can") {
  const std::vector<MachineGroup> groups = {SomeMachines(4, 4, 10)};
  const auto spots = Place(groups, 3, 6, 1);
  REQUIRE(spots.size() == 3);
  // Of six servers on four machines two have two: first the one without a worker.
  CHECK(spots[0].machines == 2);
  CHECK(spots[0].workers == 1);
  CHECK(spots[0].servers == 1);
  CHECK(spots[1].machines == 1);
  CHECK(spots[1].workers == 1);
  CHECK(spots[1].servers == 2);
  CHECK(spots[2].workers == 0);
  CHECK(spots[2].servers == 2);
}

TEST_CASE("However many there are, all are placed, and evenly") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 500; ++i) {
    const std::vector<MachineGroup> groups = {SomeMachines(1 + random() % 9, 1 + random() % 8, 10),
                                              SomeMachines(1 + random() % 9, 1 + random() % 8, 10)};
    const uint32_t workers = 1 + random() % 40, servers = random() % 40;
    double placed_workers = 0, placed_servers = 0;
    std::map<const MachineGroup*, std::set<uint32_t>> by_group;
    for (const Spot& spot : Place(groups, workers, servers, 1)) {
      placed_workers += spot.machines * spot.workers;
      placed_servers += spot.machines * spot.servers;
      by_group[spot.group].insert(spot.workers);
      CHECK(spot.workers + spot.servers > 0);
      CHECK(spot.machines <= spot.group->count);
    }
    CHECK(placed_workers == workers);
    CHECK(placed_servers == servers);
    for (const auto& [group, counts] : by_group) CHECK(*counts.rbegin() - *counts.begin() <= 1);
  }
}

TEST_CASE("Workers go where cores are, servers where workers leave some") {
  std::vector<MachineGroup> groups = {SomeMachines(2, 12, 10), SomeMachines(2, 4, 10)};
  groups[1].workers = false;
  auto spots = Place(groups, 24, 4, 1);
  REQUIRE(spots.size() == 2);
  CHECK(spots[0].workers == 12);
  CHECK(spots[0].servers == 0);
  CHECK(spots[1].workers == 0);
  CHECK(spots[1].servers == 2);
  groups[1].workers = true;
  groups[1].speed = 0.5;
  // 24 cores at full speed against 8 at half of it.
  spots = Place(groups, 14, 0, 1);
  REQUIRE(spots.size() == 2);
  CHECK(spots[0].workers == 6);
  CHECK(spots[1].workers == 1);
}

TEST_CASE("Nowhere to run") {
  std::vector<MachineGroup> groups = {SomeMachines(2, 12, 10)};
  groups[0].servers = false;
  CHECK(Place(groups, 1, 1, 1).empty());
  CHECK_FALSE(Place(groups, 1, 0, 1).empty());
  groups[0].workers = false;
  CHECK(Place(groups, 1, 0, 1).empty());
}

}  // namespace
}  // namespace pumasi
