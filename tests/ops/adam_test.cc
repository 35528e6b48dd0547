#include "ops/adam.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include "tests/ops/dense_adam.h"
#include "tests/ops/random_floats.h"

namespace pumasi {
namespace {

constexpr AdamSettings kUsual = {1e-3, 0.9, 0.999, 1e-8};

constexpr AdamSettings kSettings[] = {kUsual,
                                      {1e-3, 0.9, 0.99, 1e-7},
                                      {0.1, 0.5, 0.9, 1e-3},
                                      {1e-3, 0.99, 0.9, 1e-8},
                                      {1e-3, 0.95, 0.98, 1e-8},
                                      {1e-3, 0, 0.999, 1e-8},
                                      {1e-3, 0.9, 0, 1e-8},
                                      {1e-3, 0.9, 0.9, 1},
                                      {0, 0.9, 0.999, 1e-8},
                                      {1e-3, 0.9, 0.999, 1e-8, true},
                                      {1e-3, 0.9, 0.999, 1e-8, false, true},
                                      {1e-3, 0.99, 0.9, 1e-8, true, true},
                                      {1e-3, 0.9, 0.999, 1e-8, false, false, 0.01},
                                      {1e-2, 0.9, 0.99, 1e-8, true, false, 0.3},
                                      {0.5, 0.9, 0.999, 1e-8, false, false, 1}};

// How far values are from the exact ones, relative to them.
struct Error {
  double mean = 0;
  double largest = 0;
};

template <typename Value>
Error ErrorOf(const std::vector<Value>& have, const std::vector<double>& want) {
  Error error;
  for (size_t i = 0; i < want.size(); ++i) {
    const double relative = std::fabs(have[i] - want[i]) / std::fabs(want[i]);
    error.mean += relative / static_cast<double>(want.size());
    error.largest = std::max(error.largest, relative);
  }
  return error;
}

TEST_CASE("Over Zipf traffic the lazy Adam is as near to exact dense Adam as dense float32 Adam is") {
  const int seed = GENERATE(1, 2);
  CAPTURE(seed);
  constexpr int kWidth = 4;
  constexpr size_t kRows = 2000, kSteps = 3000, kTouched = 24;
  std::mt19937_64 random(seed);
  const std::vector<float> initial = RandomFloats(kRows * kWidth, 0.05f, &random);
  DenseAdam<double> exact(kUsual, initial);
  DenseAdam<float> dense(kUsual, initial);
  const Adam adam(kUsual);
  std::vector<float> lazy = initial, slots(2 * lazy.size());
  std::vector<uint64_t> last(kRows);

  std::vector<double> shares(kRows), magnitude(kRows);
  for (size_t row = 0; row < kRows; ++row) {
    shares[row] = 1 / std::pow(row + 1.0, 1.05);
    magnitude[row] = std::pow(10, -9 * std::uniform_real_distribution<double>()(random));
  }
  std::discrete_distribution<size_t> zipf(shares.begin(), shares.end());
  for (uint64_t step = 1; step <= kSteps; ++step) {
    std::vector<float> gradient(lazy.size());
    std::vector<size_t> touched;
    for (size_t i = 0; i < kTouched; ++i) touched.push_back(zipf(random));
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (const size_t row : touched) {
      for (int i = 0; i < kWidth; ++i) {
        gradient[row * kWidth + i] = static_cast<float>(std::normal_distribution<double>()(random) * magnitude[row]);
      }
      adam.CatchUp(last[row], step - 1, kWidth, &lazy[row * kWidth], &slots[2 * row * kWidth]);
      adam.Apply(step, kWidth, &gradient[row * kWidth], &lazy[row * kWidth], &slots[2 * row * kWidth]);
      last[row] = step;
    }
    exact.Step(step, gradient);
    dense.Step(step, gradient);
  }
  size_t never = 0;
  for (size_t row = 0; row < kRows; ++row) {
    adam.CatchUp(last[row], kSteps, kWidth, &lazy[row * kWidth], &slots[2 * row * kWidth]);
    never += last[row] == 0;
  }
  REQUIRE(never > 0);

  const Error of_lazy = ErrorOf(lazy, exact.value), of_dense = ErrorOf(dense.value, exact.value);
  CAPTURE(of_lazy.mean, of_lazy.largest, of_dense.mean, of_dense.largest);
  CHECK(of_lazy.mean <= of_dense.mean);
  CHECK(of_lazy.largest <= of_dense.largest);
  CHECK(of_lazy.mean < 1e-6);
}

TEST_CASE("Catching up equals taking the steps one by one, for every size of moments and many settings") {
  const AdamSettings settings = kSettings[GENERATE(range(0, 15))];
  const uint64_t last = GENERATE(1, 2, 50, 100000);
  const uint64_t missed = GENERATE(1, 2, 3, 40, 700, 10000);
  CAPTURE(settings.beta_1, settings.beta_2, settings.epsilon, settings.weight_decay, last, missed);
  // m and √v from far below epsilon to far above it; m ≫ √v does not occur, as both come from the same gradients.
  std::vector<float> slots;
  std::vector<double> m, root;
  for (double size = 1e-18; size < 1e3; size *= 7) {
    m.push_back(static_cast<float>(size * 0.1));
    root.push_back(size * 0.03);
  }
  m.push_back(1e-5f);
  root.push_back(0);
  const int width = static_cast<int>(m.size());
  slots.assign(m.begin(), m.end());
  for (double& r : root) {
    slots.push_back(static_cast<float>(r * r));
    r = std::sqrt(static_cast<double>(slots.back()));
  }
  std::vector<float> value(width, 0.0f), peeked(width, NAN);
  if (settings.amsgrad) {  // the largest v so far is v
    const std::vector<float> v(slots.begin() + width, slots.end());
    slots.insert(slots.end(), v.begin(), v.end());
  }
  const Adam adam(settings);
  adam.Peek(last, last + missed, width, value.data(), slots.data(), peeked.data());
  std::vector<float> caught = value, caught_slots = slots;
  adam.CatchUp(last, last + missed, width, caught.data(), caught_slots.data());
  CHECK(caught == peeked);

  for (int i = 0; i < width; ++i) {
    CAPTURE(m[i], root[i]);
    double moved = 0, first = m[i], second = root[i] * root[i];
    for (uint64_t step = last + 1; step <= last + missed; ++step) {
      first *= settings.beta_1;
      second *= settings.beta_2;
      const double c = std::sqrt(1 - std::pow(settings.beta_2, step));
      moved *= 1 - settings.learning_rate * settings.weight_decay;
      moved -= settings.learning_rate * c / (1 - std::pow(settings.beta_1, step)) * first /
               (std::sqrt(settings.amsgrad ? root[i] * root[i] : second) +
                settings.epsilon * (settings.torch_epsilon ? c : 1));
    }
    CHECK(caught[i] == Approx(moved).epsilon(3e-7).margin(1e-37));
    CHECK(caught_slots[i] == Approx(first).epsilon(1e-6).margin(1e-37));
    CHECK(caught_slots[width + i] == Approx(second).epsilon(1e-6).margin(1e-37));
  }
}

TEST_CASE("A row that was never touched, or missed nothing, keeps its bits") {
  const Adam adam(kUsual);
  std::vector<float> value = {1, -0.0f, 3}, slots(6);
  const std::vector<float> before = value;
  adam.CatchUp(0, 1000, 3, value.data(), slots.data());
  CHECK(value == before);
  CHECK(std::signbit(value[1]));
  const std::vector<float> gradient = {1, 2, 3};
  adam.Apply(7, 3, gradient.data(), value.data(), slots.data());
  const std::vector<float> after = value, slots_after = slots;
  adam.CatchUp(7, 7, 3, value.data(), slots.data());
  CHECK(value == after);
  CHECK(slots == slots_after);
}

TEST_CASE("The result does not depend on the thread or on what was computed before") {
  std::mt19937_64 random(9);
  const std::vector<float> value = RandomFloats(33, 1, &random);
  std::vector<float> slots = RandomFloats(66, 1, &random);
  for (size_t i = 33; i < 66; ++i) slots[i] = std::fabs(slots[i]);
  const Adam adam(kUsual), other({1e-2, 0.8, 0.99, 1e-6});
  std::vector<float> want(33), have(33), ignored(33);
  adam.Peek(5, 90, 33, value.data(), slots.data(), want.data());
  for (uint64_t last = 1; last < 9000; ++last) {
    other.Peek(last, last + 85, 33, value.data(), slots.data(), ignored.data());
  }
  adam.Peek(5, 90, 33, value.data(), slots.data(), have.data());
  CHECK(have == want);
  std::thread([&] { adam.Peek(5, 90, 33, value.data(), slots.data(), have.data()); }).join();
  CHECK(have == want);
}

TEST_CASE("NaN in a row's moments spreads to that value alone") {
  const Adam adam(kUsual);
  std::vector<float> value = {1, 1}, slots = {NAN, 0.1f, 0.1f, 0.1f};
  adam.CatchUp(3, 9, 2, value.data(), slots.data());
  CHECK(std::isnan(value[0]));
  CHECK(std::isfinite(value[1]));
}

}  // namespace
}  // namespace pumasi
