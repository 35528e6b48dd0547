#include "ops/sequences.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace pumasi {
namespace {

TEST_CASE("Rows are walked longest first, equal ones in their order, and empty ones not at all") {
  // Lengths 2, 0, 3, 2.
  const std::vector<uint32_t> offsets = {0, 2, 2, 5, 7};
  StepOrder order;
  order.Build(4, offsets.data());
  CHECK(order.rows() == 4);
  CHECK(order.steps() == 3);
  CHECK(std::vector<uint32_t>{order.row(0), order.row(1), order.row(2), order.row(3)} ==
        std::vector<uint32_t>{2, 0, 3, 1});
  CHECK(std::vector<int>{order.active(0), order.active(1), order.active(2), order.active(3)} ==
        std::vector<int>{3, 3, 1, 0});
  CHECK(order.positions() == 7);
  CHECK(order.token_of_position() == std::vector<uint32_t>{2, 0, 5, 3, 1, 6, 4});
}

TEST_CASE("An order of no rows, or of empty rows, has no steps") {
  const std::vector<uint32_t> offsets = {0, 0, 0};
  StepOrder order;
  for (const int rows : {0, 2}) {
    order.Build(rows, offsets.data());
    CHECK(order.rows() == rows);
    CHECK(order.steps() == 0);
    CHECK(order.positions() == 0);
    CHECK(order.active(0) == 0);
  }
}

TEST_CASE("Each token has one position, and a step's ranks go on in the next step") {
  const int seed = GENERATE(range(0, 20));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::vector<uint32_t> offsets = {0};
  for (int row = 0; row < 30; ++row) offsets.push_back(offsets.back() + random() % 9);
  StepOrder order;
  order.Build(30, offsets.data());
  std::vector<int> seen(offsets.back());
  for (int t = 0; t < order.steps(); ++t) {
    REQUIRE(order.active(t + 1) <= order.active(t));
    for (int rank = 0; rank < order.active(t); ++rank) {
      const uint32_t token = order.token_of_position()[order.start(t) + rank];
      ++seen[token];
      CHECK(token == offsets[order.row(rank)] + t);
    }
  }
  CHECK(seen == std::vector<int>(offsets.back(), 1));
}

}  // namespace
}  // namespace pumasi
