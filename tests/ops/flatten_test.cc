#include "ops/flatten.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "tests/ops/random_floats.h"

namespace pumasi {
namespace {

TEST_CASE("Flatten puts the first steps side by side, zeros behind a short row, and takes gradients apart likewise") {
  const int seed = GENERATE(range(0, 12));
  std::mt19937_64 random(seed);
  const int rows = seed < 2 ? seed : static_cast<int>(random() % 9), width = static_cast<int>(1 + random() % 5);
  const uint32_t steps = 1 + random() % 6;
  const int distinct = 7;
  CAPTURE(seed, rows, width, steps);
  std::vector<uint32_t> offsets = {0}, tokens;
  for (int row = 0; row < rows; ++row) {
    for (size_t i = random() % 9; i > 0; --i) tokens.push_back(random() % distinct);
    offsets.push_back(static_cast<uint32_t>(tokens.size()));
  }
  const std::vector<float> vectors = RandomFloats(distinct * width, 1, &random);
  const IndexedSequences input = {rows, offsets.data(), tokens.data(), distinct, width, vectors.data()};
  const size_t count = static_cast<size_t>(rows) * steps * width;
  std::vector<float> out(count, NAN), gradient(vectors.size(), NAN), want_gradient(vectors.size());
  FlattenForward(input, steps, out.data());
  const std::vector<float> by_out = RandomFloats(count, 1, &random);
  FlattenBackward(input, steps, by_out.data(), gradient.data());
  for (int row = 0; row < rows; ++row) {
    for (uint32_t step = 0; step < steps; ++step) {
      for (int i = 0; i < width; ++i) {
        const size_t at = (static_cast<size_t>(row) * steps + step) * width + i;
        const bool there = offsets[row] + step < offsets[row + 1];
        const size_t from = there ? tokens[offsets[row] + step] * width + i : 0;
        REQUIRE(out[at] == (there ? vectors[from] : 0));
        if (there) want_gradient[from] += by_out[at];
      }
    }
  }
  CHECK(gradient == want_gradient);
}

}  // namespace
}  // namespace pumasi
