#include "common/planted_bug.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

namespace pumasi {
namespace {

TEST_CASE("no bug is planted until one is, and then only that one") {
  for (PlantedBug bug : AllPlantedBugs()) CHECK_FALSE(Planted(bug));
  {
    ScopedPlantedBug planted(PlantedBug::kNoDedupe);
    for (PlantedBug bug : AllPlantedBugs()) CHECK(Planted(bug) == (bug == PlantedBug::kNoDedupe));
  }
  CHECK_FALSE(Planted(PlantedBug::kNoDedupe));
}

TEST_CASE("planted bugs have names, and are found by them") {
  std::set<std::string> names;
  for (PlantedBug bug : AllPlantedBugs()) {
    const std::string name(PlantedBugName(bug));
    CAPTURE(name);
    CHECK(names.insert(name).second);
    CHECK_FALSE(PlantedBugText(bug).empty());
    REQUIRE(PlantedBugOfName(name).ok());
    CHECK(*PlantedBugOfName(name) == bug);
  }
  CHECK(names.size() >= 20);
  CHECK(PlantedBugName(PlantedBug::kNoFencing) == "kNoFencing");
  CHECK(*PlantedBugOfName("kNone") == PlantedBug::kNone);
  CHECK(PlantedBugOfName("kNoFencin").status().message() ==
        "no planted bug is called 'kNoFencin'; did you mean 'kNoFencing'?");
}

}  // namespace
}  // namespace pumasi
