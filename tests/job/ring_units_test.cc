#include "worker/job/ring_units.h"

#include <catch2/catch.hpp>

namespace pumasi {
namespace {

RingUnit Unit(uint64_t number, uint64_t version, PartRange parts, uint64_t attempt = 1) {
  RingUnit unit;
  unit.unit = number;
  unit.attempt = attempt;
  unit.version = version;
  unit.parts = parts;
  return unit;
}

std::vector<uint64_t> Numbers(const std::optional<std::vector<const RingUnit*>>& units) {
  std::vector<uint64_t> numbers;
  if (!units) return {0};
  for (const RingUnit* unit : *units) numbers.push_back(unit->unit);
  return numbers;
}

TEST_CASE("A share is there once its units are, those of its batch alone") {
  RingUnits units;
  units.Add(Unit(1, 5, {2, 4}));
  units.Add(Unit(2, 6, {4, 5}));
  CHECK(Numbers(units.Cover(5, {2, 5})) == std::vector<uint64_t>{0});
  units.Add(Unit(3, 5, {4, 5}));
  CHECK(Numbers(units.Cover(5, {2, 5})) == std::vector<uint64_t>{1, 3});
  CHECK(Numbers(units.Cover(6, {4, 5})) == std::vector<uint64_t>{2});
  CHECK(units.Cover(6, {3, 3})->empty());
  // A unit that reaches beyond the share is of no use, and pieces of one that is there are not needed.
  CHECK_FALSE(units.Cover(5, {2, 3}));
  units.Add(Unit(4, 5, {2, 3}));
  CHECK(Numbers(units.Cover(5, {2, 3})) == std::vector<uint64_t>{4});
  CHECK(Numbers(units.Cover(5, {2, 5})) == std::vector<uint64_t>{1, 3});
  units.Drop(1);
  CHECK_FALSE(units.Cover(5, {2, 5}));
}

TEST_CASE("Units end with their batch, or with their share, in their last attempt") {
  RingUnits units;
  units.Add(Unit(1, 5, {0, 1}));
  units.Add(Unit(1, 5, {0, 1}, 2));
  units.Add(Unit(2, 6, {0, 1}));
  units.Add(Unit(3, 6, {1, 2}));
  const auto before = units.TakeBefore(6);
  REQUIRE(before.size() == 1);
  CHECK(before[0].attempt == 2);
  const auto outside = units.TakeOutside({1, 4});
  REQUIRE(outside.size() == 1);
  CHECK(outside[0].unit == 2);
  CHECK(units.TakeOutside({}).size() == 1);
  CHECK(units.empty());
}

}  // namespace
}  // namespace pumasi
