#include "ops/row_groups.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "tests/ops/random_floats.h"

namespace pumasi {
namespace {

TEST_CASE("Rows of one group are summed in ascending order, and an empty group is zero") {
  const int seed = GENERATE(range(0, 12));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const size_t groups = 1 + random() % 9, count = random() % 40, width = 1 + random() % 70;
  std::vector<uint32_t> index(count), order(count);
  for (uint32_t& i : index) i = static_cast<uint32_t>(random() % groups);
  for (size_t i = 0; i < count; ++i) order[i] = static_cast<uint32_t>(i);
  std::shuffle(order.begin(), order.end(), random);
  const std::vector<float> rows = RandomFloats(count * width, 1, &random);
  std::vector<float> want(groups * width);
  for (size_t p = 0; p < count; ++p) {
    for (size_t i = 0; i < width; ++i) want[index[order[p]] * width + i] += rows[p * width + i];
  }
  RowGroups built;
  built.Build(groups, count, order.data(), index.data());
  std::vector<float> out(groups * width, NAN);
  built.Sum(width, rows.data(), out.data());
  CHECK(out == want);
}

TEST_CASE("The sum of all rows adds them in order, also where they are wider than a block") {
  std::mt19937_64 random(3);
  for (const size_t width : {1, 5, 2047, 2048, 5000}) {
    const std::vector<float> values = RandomFloats(7 * width, 1, &random);
    std::vector<float> want(width), out(width, NAN);
    for (size_t row = 0; row < 7; ++row) {
      for (size_t i = 0; i < width; ++i) want[i] += values[row * width + i];
    }
    SumRows(7, width, values.data(), out.data());
    CHECK(out == want);
  }
  std::vector<float> out = {1, 2};
  SumRows(0, 2, nullptr, out.data());
  CHECK(out == std::vector<float>{0, 0});
}

}  // namespace
}  // namespace pumasi
