#include "ops/squared_error.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "ops/loss_reference.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi {
namespace {

TEST_CASE("The mean squared error equals its reference, also in place") {
  const int seed = GENERATE(range(0, 12));
  std::mt19937_64 random(seed);
  const int rows = seed < 2 ? seed : static_cast<int>(random() % 20), outputs = static_cast<int>(1 + random() % 9);
  const float scale = 1.0f / 64;
  CAPTURE(seed, rows, outputs);
  std::vector<float> y = RandomFloats(rows * outputs, 3, &random);
  const std::vector<float> targets = RandomFloats(rows * outputs, 3, &random);
  std::vector<double> want;
  for (size_t i = 0; i < y.size(); ++i) want.push_back(2.0 * scale / outputs * (double(y[i]) - targets[i]));
  const double loss = reference::SquaredError(Widen(y), outputs, Widen(targets));
  const LossSum have = SquaredError(rows, outputs, targets.data(), scale, y.data(), y.data());
  CHECK(have.loss == Approx(loss));
  CHECK(have.first_not_finite == -1);
  CHECK(Difference(y, want) < 1e-6);
}

TEST_CASE("A row of outputs with NaN or infinity is named") {
  for (const float bad : {NAN, INFINITY}) {
    const std::vector<float> y = {1, 2, 3, bad, bad, 0}, targets(6);
    std::vector<float> gradient(6);
    CHECK(SquaredError(3, 2, targets.data(), 1, y.data(), gradient.data()).first_not_finite == 1);
  }
}

}  // namespace
}  // namespace pumasi
