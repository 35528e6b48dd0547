#include "ops/batch_normalization.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "ops/batch_normalization_reference.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi {
namespace {

using Vectors = std::vector<std::vector<double>>;

// The vectors as often as they count.
Vectors Repeated(const std::vector<float>& x, size_t width, const std::vector<uint32_t>& times) {
  Vectors all;
  for (size_t v = 0; v < times.size(); ++v) {
    for (uint32_t i = 0; i < times[v]; ++i) all.emplace_back(x.begin() + v * width, x.begin() + (v + 1) * width);
  }
  return all;
}

TEST_CASE("Batch normalisation equals its reference for odd sizes, repeated vectors and columns far from 0") {
  const int seed = GENERATE(range(0, 24));
  std::mt19937_64 random(seed);
  // No vectors, one, more.
  const size_t count = seed < 4 ? seed / 2 : random() % 40, width = 1 + random() % 70;
  CAPTURE(seed, count, width);
  std::vector<float> x = RandomFloats(count * width, 2, &random);
  if (seed % 3 == 0) {
    for (float& value : x) value += 100;
  }
  std::vector<uint32_t> times(count);
  for (uint32_t& t : times) t = 1 + random() % 3;
  const std::vector<float> gamma = RandomFloats(width, 1, &random), beta = RandomFloats(width, 1, &random);
  const reference::BatchMoments<double> moments = reference::MomentsOf(width, Repeated(x, width, times));
  std::vector<double> want;
  for (size_t v = 0; v < count; ++v) {
    const std::vector<double> y = reference::BatchNormalization<double>(
        0.001, Widen(gamma), Widen(beta), moments, {x.begin() + v * width, x.begin() + (v + 1) * width});
    want.insert(want.end(), y.begin(), y.end());
  }
  BatchNormalization normalization(width, 0.001f);
  // Memory at an odd address.
  std::vector<float> memory(count * width + 1);
  float* const y = memory.data() + 1;
  normalization.Forward({count, x.data(), times.data()}, gamma.data(), beta.data(), y);
  const double tolerance = seed % 3 == 0 ? 1e-4 : 2e-6;
  CHECK(Difference(std::vector<float>(y, y + count * width), want) < tolerance);
  CHECK(normalization.has_statistics() == (count > 0));
  CHECK(Difference(std::vector<float>(normalization.mean(), normalization.mean() + width), moments.mean) < 1e-6);
  CHECK(Difference(std::vector<float>(normalization.variance(), normalization.variance() + width), moments.variance) <
        1e-6);
  // With the same statistics, folded, which costs a digit where columns are far from 0.
  normalization.Infer(count, x.data(), gamma.data(), beta.data(), normalization.mean(), normalization.variance(), y);
  CHECK(Difference(std::vector<float>(y, y + count * width), want) < 10 * tolerance);
}

TEST_CASE("The gradients of batch normalisation are those of finite differences") {
  const int seed = GENERATE(range(0, 12));
  std::mt19937_64 random(seed);
  const size_t count = 1 + random() % 9, width = 1 + random() % 6;
  CAPTURE(seed, count, width);
  const std::vector<float> x = RandomFloats(count * width, 2, &random), by_y = RandomFloats(count * width, 1, &random);
  std::vector<uint32_t> times(count);
  for (uint32_t& t : times) t = 1 + random() % 3;
  const std::vector<float> gamma = RandomFloats(width, 1, &random), beta = RandomFloats(width, 1, &random);
  // Each vector's gradient is by all its copies together.
  std::vector<double> wide = Widen(x), wide_gamma = Widen(gamma), wide_beta = Widen(beta);
  const auto loss = [&] {
    Vectors all;
    for (size_t v = 0; v < count; ++v) {
      for (uint32_t i = 0; i < times[v]; ++i) {
        all.emplace_back(wide.begin() + v * width, wide.begin() + (v + 1) * width);
      }
    }
    const reference::BatchMoments<double> moments = reference::MomentsOf(width, all);
    double sum = 0;
    for (size_t v = 0; v < count; ++v) {
      const std::vector<double> y = reference::BatchNormalization<double>(
          0.01, wide_gamma, wide_beta, moments, {wide.begin() + v * width, wide.begin() + (v + 1) * width});
      for (size_t i = 0; i < width; ++i) sum += y[i] * by_y[v * width + i];
    }
    return sum;
  };
  BatchNormalization normalization(width, 0.01f);
  std::vector<float> y(count * width), by_gamma(width), by_beta(width), by_x(count * width);
  const CountedVectors vectors = {count, x.data(), times.data()};
  normalization.Forward(vectors, gamma.data(), beta.data(), y.data());
  normalization.Backward(vectors, gamma.data(), by_y.data(), by_gamma.data(), by_beta.data(), by_x.data());
  const auto check = [&](std::vector<double>* values, const std::vector<float>& have) {
    for (size_t i = 0; i < have.size(); ++i) {
      const double before = (*values)[i], step = 1e-6;
      (*values)[i] = before + step;
      const double above = loss();
      (*values)[i] = before - step;
      const double below = loss();
      (*values)[i] = before;
      CHECK(have[i] == Approx((above - below) / (2 * step)).epsilon(1e-4).margin(2e-5));
    }
  };
  check(&wide, by_x);
  check(&wide_gamma, by_gamma);
  check(&wide_beta, by_beta);
}

TEST_CASE("A vector that does not count changes nothing, not even if it is NaN") {
  const std::vector<float> x = {1, 2, NAN, INFINITY, 3, 6}, gamma = {1, 2}, beta = {0.5f, 0};
  const std::vector<uint32_t> times = {1, 0, 1};
  BatchNormalization normalization(2, 0.001f);
  std::vector<float> y(6), by_gamma(2), by_beta(2), by_x(6);
  const CountedVectors vectors = {3, x.data(), times.data()};
  normalization.Forward(vectors, gamma.data(), beta.data(), y.data());
  CHECK(normalization.mean()[0] == 2);
  CHECK(normalization.variance()[1] == 4);
  const std::vector<float> by_y = {1, 1, 0, 0, 1, 2};
  normalization.Backward(vectors, gamma.data(), by_y.data(), by_gamma.data(), by_beta.data(), by_x.data());
  for (const float value : by_x) CHECK(std::isfinite(value));
  CHECK(by_beta == std::vector<float>{2, 3});
}

}  // namespace
}  // namespace pumasi
