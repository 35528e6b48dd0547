#include "ops/top_k.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>
#include <vector>

namespace pumasi {
namespace {

TEST_CASE("A class is among the k most likely ones where sorting says so; equal ones by number") {
  const int seed = GENERATE(range(0, 20));
  std::mt19937_64 random(seed);
  const int rows = static_cast<int>(random() % 30), classes = static_cast<int>(1 + random() % 40);
  CAPTURE(seed, rows, classes);
  // Few values, so that many are equal.
  std::vector<float> values(rows * classes);
  for (float& value : values) value = static_cast<float>(random() % 5);
  std::vector<int32_t> labels(rows);
  for (int32_t& label : labels) label = static_cast<int32_t>(random() % classes);
  for (uint32_t k = 1; k <= 6; ++k) {
    uint64_t want = 0;
    for (int row = 0; row < rows; ++row) {
      std::vector<int> order(classes);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(),
                       [&](int a, int b) { return values[row * classes + a] > values[row * classes + b]; });
      want += std::find(order.begin(), order.end(), labels[row]) - order.begin() < static_cast<ptrdiff_t>(k);
    }
    CHECK(CountTopK(rows, classes, labels.data(), k, values.data()) == want);
  }
}

}  // namespace
}  // namespace pumasi
