#include "ops/norm_clip.h"

#include <catch2/catch.hpp>

#include "ops/moving_average.h"
#include "tests/ops/optimizer_cases.h"

namespace pumasi {
namespace {

std::vector<v1::TableSpec> Tables() {
  std::vector<v1::TableSpec> tables(3);
  tables[2].set_update(v1::TableSpec::MOVING_AVERAGE);
  return tables;
}

TEST_CASE("A table's gradient is scaled to the norm's limit, statistics are left alone") {
  const auto optimizer = ParseOptimizer("sgd {} clip { norm: 2 }");
  REQUIRE(ClipsByNorm(optimizer));
  CHECK(ClipFactors(optimizer, Tables(), {16, 4, 100}) == std::vector<float>{0.5f, 1, 1});
  CHECK(ClipFactors(optimizer, Tables(), {0, 4.0001, 1e30}) == std::vector<float>{1, 2 / std::sqrt(4.0001f), 1});
}

TEST_CASE("The norm of all tables scales all of them alike") {
  const auto optimizer = ParseOptimizer("sgd {} clip { global_norm: 1 }");
  REQUIRE(ClipsByNorm(optimizer));
  CHECK(ClipFactors(optimizer, Tables(), {9, 16, 1e30}) == std::vector<float>{0.2f, 0.2f, 1});
  CHECK(ClipFactors(optimizer, Tables(), {0.5, 0.5, 7}) == std::vector<float>{1, 1, 1});
}

TEST_CASE("Clipping by value needs no norms") {
  CHECK_FALSE(ClipsByNorm(ParseOptimizer("sgd {} clip { value: 1 }")));
  CHECK_FALSE(ClipsByNorm(ParseOptimizer("sgd {}")));
}

TEST_CASE("A moving average keeps its momentum's share and leaves slots alone") {
  const MovingAverage average(0.75, {"m", "v"});
  float value[2] = {1, -2}, slots[4] = {};
  const float statistic[2] = {3, 0};
  average.Apply(1, 2, statistic, value, slots);
  CHECK(value[0] == 1.5f);
  CHECK(value[1] == -1.5f);
  average.CatchUp(1, 50, 2, value, slots);
  float seen[2];
  average.Peek(1, 50, 2, value, slots, seen);
  CHECK(seen[0] == 1.5f);
  CHECK(average.slots() == 2);
  CHECK(slots[0] == 0);
}

}  // namespace
}  // namespace pumasi
