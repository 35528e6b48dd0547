#include "ops/sigmoid_cross_entropy.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "ops/loss_reference.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi {
namespace {

// Random sets of labels; some rows have none.
struct Sets {
  std::vector<std::vector<int32_t>> by_row;
  std::vector<uint32_t> offsets = {0};
  std::vector<int32_t> labels;

  Sets(int rows, int classes, std::mt19937_64* random) : by_row(rows) {
    for (auto& row : by_row) {
      const uint64_t one_in = 1 + (*random)() % 4;
      for (int32_t c = 0; c < classes; ++c) {
        if ((*random)() % one_in == 0 && one_in != 4) row.push_back(c);
      }
      labels.insert(labels.end(), row.begin(), row.end());
      offsets.push_back(static_cast<uint32_t>(labels.size()));
    }
  }
  LabelSets get() const { return {offsets.data(), labels.data()}; }
};

TEST_CASE("Sigmoid with binary cross entropy equals its reference for odd sizes, smoothing and large logits") {
  const int seed = GENERATE(range(0, 32));
  std::mt19937_64 random(seed);
  // No rows, one row, more; classes around the lanes and the block.
  const int rows = seed < 2 ? seed : static_cast<int>(random() % 7);
  const int classes = seed % 5 == 0 ? static_cast<int>(500 + random() % 700) : static_cast<int>(1 + random() % 70);
  const float smoothing = 0.2f * static_cast<float>(seed % 3), scale = 1.0f / 64;
  const float limit = seed % 4 == 3 ? 80 : 4;
  CAPTURE(seed, rows, classes, smoothing);
  const Sets sets(rows, classes, &random);
  std::vector<float> values = RandomFloats(rows * classes, limit, &random);
  std::vector<double> wide = Widen(values);
  const auto loss = [&] { return reference::BinaryCrossEntropy<double>(wide, classes, sets.by_row, smoothing); };
  const double want = loss();
  std::vector<double> gradient;
  for (double& logit : wide) {
    const double before = logit, step = 1e-5;
    logit = before + step;
    const double above = loss();
    logit = before - step;
    gradient.push_back(scale * (above - loss()) / (2 * step));
    logit = before;
  }
  const LossSum have = SigmoidCrossEntropy(rows, classes, sets.get(), smoothing, scale, values.data());
  CHECK(have.loss == Approx(want).epsilon(1e-6).margin(1e-9));
  CHECK(have.first_not_finite == -1);
  CHECK(Difference(values, gradient) < (classes > 400 ? 1e-4 : 1e-5));
}

TEST_CASE("A row whose logits are certain and right has no loss and no gradient; a wrong one has both") {
  std::vector<float> values = {60, -60, 60, -60};
  const std::vector<uint32_t> offsets = {0, 1, 2};
  const std::vector<int32_t> labels = {0, 1};
  const LossSum loss = SigmoidCrossEntropy(2, 2, {offsets.data(), labels.data()}, 0, 1, values.data());
  CHECK(loss.loss == Approx(60));
  CHECK(std::fabs(values[0]) < 1e-7f);
  CHECK(values[2] == 0.5f);
  CHECK(values[3] == -0.5f);
}

TEST_CASE("A row of logits with NaN or infinity is named") {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> values = {1, 2, 3, 4, bad, 0};
    const std::vector<uint32_t> offsets = {0, 0, 1, 2};
    const std::vector<int32_t> labels = {0, 0};
    const LossSum loss = SigmoidCrossEntropy(3, 2, {offsets.data(), labels.data()}, 0, 1, values.data());
    CHECK(loss.first_not_finite == 2);
    CHECK_FALSE(std::isfinite(loss.loss));
  }
}

}  // namespace
}  // namespace pumasi
