#include "ops/cuda/softmax_cross_entropy.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "ops/softmax_cross_entropy_reference.h"
#include "tests/cuda/on_device.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi::cuda {
namespace {

struct Judged {
  std::vector<float> gradient;
  std::vector<double> losses;
  std::vector<int32_t> predicted;
};

Judged Run(Stream* stream, int classes, const std::vector<float>& logits, const std::vector<int32_t>& labels,
           float scale, float smoothing = 0, const std::vector<float>& weights = {}) {
  DeviceArray<float> values(stream, logits), class_weights(stream, weights);
  DeviceArray<int32_t> device_labels(stream, labels), predicted(stream, labels.size());
  DeviceArray<double> losses(stream, labels.size());
  SoftmaxCrossEntropy(stream, static_cast<int>(labels.size()), classes, device_labels.get(), scale, values.get(),
                      losses.get(), predicted.get(), {smoothing, weights.empty() ? nullptr : class_weights.get()});
  return {values.Read(), losses.Read(), predicted.Read()};
}

TEST_CASE("Loss, gradient and probabilities equal the reference") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (int seed = 0; seed < 12; ++seed) {
    std::mt19937_64 random(seed);
    const size_t classes = 1 + random() % 90, rows = seed == 0 ? 0 : random() % 20;
    CAPTURE(seed, classes, rows);
    const std::vector<float> logits = RandomFloats(rows * classes, 30, &random);
    std::vector<int32_t> labels(rows);
    for (int32_t& label : labels) label = static_cast<int32_t>(random() % classes);
    const Judged have = Run(stream.get(), static_cast<int>(classes), logits, labels, 0.25f);
    std::vector<double> want = reference::CrossEntropyGradient(Widen(logits), classes, labels);
    for (double& value : want) value *= 0.25;
    CHECK(Difference(have.gradient, want) < 1e-6);
    const double loss = std::accumulate(have.losses.begin(), have.losses.end(), 0.0);
    CHECK(loss == Approx(reference::CrossEntropy(Widen(logits), classes, labels)).epsilon(1e-6).margin(1e-6));
    for (size_t row = 0; row < rows; ++row) {
      const auto begin = logits.begin() + row * classes;
      CHECK(have.predicted[row] == std::max_element(begin, begin + classes) - begin);
    }
    DeviceArray<float> values(stream.get(), logits);
    Softmax(stream.get(), static_cast<int>(rows), static_cast<int>(classes), values.get());
    CHECK(Difference(values.Read(), reference::Softmax(Widen(logits), classes)) < 1e-6);
  }
}

TEST_CASE("Smoothed labels and weighted classes change the loss as the definition says") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  std::mt19937_64 random(4);
  const size_t classes = 41, rows = 6;
  const std::vector<float> logits = RandomFloats(rows * classes, 3, &random);
  const std::vector<int32_t> labels = {0, 40, 7, 7, 33, 1};
  std::vector<float> weights = RandomFloats(classes, 1, &random);
  for (float& weight : weights) weight += 1.5f;
  const Judged have = Run(stream.get(), classes, logits, labels, 1, 0.1f, weights);
  const auto loss_at = [&](const std::vector<double>& at) {
    return reference::SmoothedCrossEntropy<double>(at, classes, labels, 0.1f, Widen(weights));
  };
  std::vector<double> at = Widen(logits);
  CHECK(std::accumulate(have.losses.begin(), have.losses.end(), 0.0) == Approx(loss_at(at)).epsilon(1e-6));
  for (size_t i = 0; i < at.size(); i += 5) {
    const double before = at[i], step = 1e-5;
    at[i] = before + step;
    const double above = loss_at(at);
    at[i] = before - step;
    const double below = loss_at(at);
    at[i] = before;
    CHECK(have.gradient[i] == Approx((above - below) / (2 * step)).margin(1e-6));
  }
}

TEST_CASE("A row that is not a number spoils its own loss only, and of equal logits the lowest class counts") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  const int classes = 40;
  std::vector<float> logits(3 * classes, 1.0f);
  logits[5] = NAN;
  logits[classes + 3] = INFINITY;
  const Judged have = Run(stream.get(), classes, logits, {1, 2, 3}, 1);
  CHECK(std::isnan(have.losses[0]));
  CHECK_FALSE(std::isfinite(have.losses[1]));
  CHECK(have.losses[2] == Approx(std::log(40)));
  CHECK(have.predicted == std::vector<int32_t>{0, 3, 0});
}

}  // namespace
}  // namespace pumasi::cuda
