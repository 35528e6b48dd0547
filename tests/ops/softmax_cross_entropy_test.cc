#include "ops/softmax_cross_entropy.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "ops/softmax_cross_entropy_reference.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi {
namespace {

TEST_CASE("The reference cross entropy's gradient is that of finite differences") {
  std::mt19937_64 random(2);
  std::vector<double> logits = Widen(RandomFloats(15, 3, &random));
  const std::vector<int32_t> labels = {4, 0, 2};
  const std::vector<double> gradient = reference::CrossEntropyGradient(logits, 5, labels);
  for (size_t i = 0; i < logits.size(); ++i) {
    const double before = logits[i], step = 1e-6;
    logits[i] = before + step;
    const double above = reference::CrossEntropy(logits, 5, labels);
    logits[i] = before - step;
    const double below = reference::CrossEntropy(logits, 5, labels);
    logits[i] = before;
    CHECK((above - below) / (2 * step) == Approx(gradient[i]).margin(1e-8));
  }
}

TEST_CASE("Smoothed labels and weighted classes give the loss of the definition, and its finite differences") {
  const int seed = GENERATE(range(0, 8));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const int rows = 1 + seed, classes = 2 + seed % 5;
  const float smoothing = 0.1f * (seed % 4), scale = 0.25f;
  std::vector<float> values = RandomFloats(rows * classes, 3, &random), weights = RandomFloats(classes, 1, &random);
  for (float& weight : weights) weight = std::abs(weight) + 0.1f;
  std::vector<int32_t> labels(rows), predicted(rows);
  for (int32_t& label : labels) label = static_cast<int32_t>(random() % classes);
  std::vector<double> wide = Widen(values);
  const auto expected = [&] {
    return reference::SmoothedCrossEntropy<double>(wide, classes, labels, smoothing, Widen(weights));
  };
  std::vector<double> gradient;
  for (double& logit : wide) {
    const double before = logit, step = 1e-6;
    logit = before + step;
    const double above = expected();
    logit = before - step;
    gradient.push_back(scale * (above - expected()) / (2 * step));
    logit = before;
  }
  const ClassificationLoss loss = SoftmaxCrossEntropy(rows, classes, labels.data(), scale, values.data(),
                                                      predicted.data(), {smoothing, weights.data()});
  CHECK(loss.loss == Approx(expected()).epsilon(1e-6));
  for (size_t i = 0; i < gradient.size(); ++i) CHECK(values[i] == Approx(gradient[i]).margin(1e-6));
}

TEST_CASE("Softmax with cross entropy equals its reference for odd sizes and large logits") {
  const int seed = GENERATE(range(0, 24));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const int rows = static_cast<int>(random() % 20), classes = static_cast<int>(1 + random() % 70);
  const float scale = 1.0f / 64;
  CAPTURE(rows, classes);
  std::vector<float> values = RandomFloats(rows * classes, seed % 2 == 0 ? 4 : 300, &random);
  std::vector<int32_t> labels(rows), predicted(rows, -1);
  for (int32_t& label : labels) label = static_cast<int32_t>(random() % classes);
  const std::vector<double> wide = Widen(values);
  std::vector<double> gradient = reference::CrossEntropyGradient(wide, classes, labels);
  for (double& g : gradient) g *= scale;

  std::vector<float> probabilities = values;
  Softmax(rows, classes, probabilities.data());
  CHECK(Difference(probabilities, reference::Softmax(wide, classes)) < 1e-6);

  const ClassificationLoss loss =
      SoftmaxCrossEntropy(rows, classes, labels.data(), scale, values.data(), predicted.data());
  CHECK(loss.loss == Approx(reference::CrossEntropy(wide, classes, labels)).epsilon(1e-6).margin(1e-6));
  CHECK(loss.first_not_finite == -1);
  CHECK(Difference(values, gradient) < 1e-5);
  uint64_t correct = 0;
  for (int row = 0; row < rows; ++row) {
    const auto begin = wide.begin() + row * classes;
    CHECK(predicted[row] == std::max_element(begin, begin + classes) - begin);
    correct += predicted[row] == labels[row];
  }
  CHECK(loss.correct == correct);
}

TEST_CASE("Of equal logits the lowest class is predicted") {
  std::vector<float> values = {1, 3, 3, 0, 0, 0};
  const std::vector<int32_t> labels = {1, 2};
  std::vector<int32_t> predicted(2);
  CHECK(SoftmaxCrossEntropy(2, 3, labels.data(), 1, values.data(), predicted.data()).correct == 1);
  CHECK(predicted == std::vector<int32_t>{1, 0});
}

TEST_CASE("A row with NaN or infinity is named") {
  for (const float bad : {NAN, INFINITY}) {
    std::vector<float> values = {1, 2, 3, 4, 5, 6, 0, bad, 0};
    const std::vector<int32_t> labels = {0, 0, 0};
    std::vector<int32_t> predicted(3);
    const ClassificationLoss loss = SoftmaxCrossEntropy(3, 3, labels.data(), 1, values.data(), predicted.data());
    CHECK(loss.first_not_finite == 2);
    CHECK_FALSE(std::isfinite(loss.loss));
  }
}

}  // namespace
}  // namespace pumasi
