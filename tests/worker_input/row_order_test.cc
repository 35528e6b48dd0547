#include "worker/input/row_order.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace pumasi {
namespace {

std::vector<uint64_t> Order(uint64_t seed, uint64_t epoch, uint64_t rows) {
  std::vector<uint64_t> order(rows);
  for (uint64_t i = 0; i < rows; ++i) order[i] = ShuffledRow(seed, epoch, i, rows);
  return order;
}

TEST_CASE("Every row comes once an epoch, whatever the number of rows") {
  std::vector<uint64_t> sizes = {1023, 1024, 1025, 4095, 4096, 4097, 63666, 150000, 262145};
  for (uint64_t rows = 1; rows <= 300; ++rows) sizes.push_back(rows);
  for (const uint64_t rows : sizes) {
    for (const uint64_t seed : {0, 1, 12345}) {
      CAPTURE(rows, seed);
      std::vector<bool> seen(rows, false);
      bool once = true;
      for (const uint64_t row : Order(seed, rows % 3, rows)) {
        once = once && row < rows && !seen[row];
        if (row < rows) seen[row] = true;
      }
      REQUIRE(once);
    }
  }
}

TEST_CASE("Huge numbers of rows stay in their bounds and do not meet") {
  const uint64_t rows = (uint64_t{1} << 61) + 12345;
  CHECK(ShuffledRow(1, 0, 0, rows) < rows);
  CHECK(ShuffledRow(1, 0, rows - 1, rows) < rows);
  CHECK(ShuffledRow(1, 0, 0, rows) != ShuffledRow(1, 0, rows - 1, rows));
}

TEST_CASE("Another epoch or seed gives another order, the same ones the same") {
  CHECK(Order(1, 0, 1000) == Order(1, 0, 1000));
  const auto equal_places = [](const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
    int equal = 0;
    for (size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i];
    return equal;
  };
  // One place is equal on average; twelve would be as good as impossible by chance.
  CHECK(equal_places(Order(1, 0, 1000), Order(1, 1, 1000)) < 12);
  CHECK(equal_places(Order(1, 0, 1000), Order(2, 0, 1000)) < 12);
  CHECK(equal_places(Order(0, 1, 1000), Order(1, 0, 1000)) < 12);
}

TEST_CASE("The order looks random: places, neighbours and early rows") {
  const uint64_t rows = 100000;
  for (const uint64_t seed : {1, 2, 3}) {
    CAPTURE(seed);
    const std::vector<uint64_t> order = Order(seed, 0, rows);
    // Correlation of place and row, and of neighbours: for random orders of standard deviation 1 / sqrt(rows).
    double with_place = 0, with_next = 0;
    const double mean = (rows - 1) / 2.0, variance = (double{rows} * rows - 1) / 12;
    for (uint64_t i = 0; i < rows; ++i) {
      with_place += (order[i] - mean) * (i - mean);
      if (i + 1 < rows) with_next += (order[i] - mean) * (order[i + 1] - mean);
    }
    CHECK(std::abs(with_place / rows / variance) < 5 / std::sqrt(double{rows}));
    CHECK(std::abs(with_next / rows / variance) < 5 / std::sqrt(double{rows}));
    // The first tenth draws from all tenths of the rows alike (chi-square, 9 degrees of freedom; 40 is one in 10^5).
    std::vector<int> tenths(10);
    for (uint64_t i = 0; i < rows / 10; ++i) ++tenths[order[i] * 10 / rows];
    double chi = 0;
    for (const int count : tenths) chi += (count - 1000.0) * (count - 1000.0) / 1000.0;
    CHECK(chi < 40);
  }
}

TEST_CASE("The orders are these for ever: a job that continues must find its rows again") {
  CHECK(Order(1, 0, 10) == std::vector<uint64_t>{9, 2, 0, 8, 7, 1, 6, 4, 5, 3});
  CHECK(ShuffledRow(1, 3, 0, 1000000) == 104133);
  CHECK(ShuffledRow(1, 3, 9, 1000000) == 900673);
}

}  // namespace
}  // namespace pumasi
