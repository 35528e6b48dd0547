// Every optimizer on rows that few steps touch, against dense training by the plain formulas.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "ops/optimizer.h"
#include "tests/ops/dense_optimizer.h"
#include "tests/ops/optimizer_cases.h"
#include "tests/ops/random_floats.h"

namespace pumasi {
namespace {

constexpr int kWidth = 3;
constexpr size_t kRows = 200;
constexpr float kScale = 0.05f;  // of initial values

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

// Rows as a server holds them.
struct LazyRows {
  const std::unique_ptr<Optimizer> optimizer;
  std::vector<float> value, slots;
  std::vector<uint64_t> last;

  LazyRows(const v1::Optimizer& proto, const std::vector<float>& initial)
      : optimizer(*MakeOptimizer(proto)),
        value(initial),
        slots(initial.size() * optimizer->slots()),
        last(initial.size() / kWidth) {
    for (size_t row = 0; row < last.size(); ++row) optimizer->InitSlots(kWidth, Slots(row));
  }
  float* Value(size_t row) { return &value[row * kWidth]; }
  float* Slots(size_t row) { return slots.data() + row * kWidth * optimizer->slots(); }
  void CatchUp(size_t row, uint64_t step) {
    optimizer->CatchUp(last[row], step, kWidth, Value(row), Slots(row));
    last[row] = step;
  }
  void Apply(uint64_t step, size_t row, const float* gradient) {
    CatchUp(row, step - 1);
    optimizer->Apply(step, kWidth, gradient, Value(row), Slots(row));
    last[row] = step;
  }
};

// What each step touches, with which gradients.
struct Traffic {
  std::mt19937_64 random;
  std::discrete_distribution<size_t> zipf;
  std::vector<double> magnitude;
  std::set<size_t> rows;
  std::vector<float> gradient;
  std::vector<bool> touched;

  explicit Traffic(int seed) : random(seed) {
    std::vector<double> shares;
    for (size_t row = 0; row < kRows; ++row) {
      shares.push_back(1 / std::pow(row + 1.0, 1.3));
      magnitude.push_back(std::pow(10, -3 * std::uniform_real_distribution<double>()(random)));
    }
    zipf = std::discrete_distribution<size_t>(shares.begin(), shares.end());
  }
  // One row is touched at first and at last alone, one at first alone, one never.
  void Next(uint64_t step, uint64_t steps) {
    rows.clear();
    for (int i = 0; i < 6; ++i) rows.insert(zipf(random) % (kRows - 3));
    if (step == 1) rows.insert(kRows - 2);
    if (step == 1 || step == steps) rows.insert(kRows - 3);
    gradient.assign(kRows * kWidth, 0);
    touched.assign(kRows * kWidth, false);
    for (const size_t row : rows) {
      for (int i = 0; i < kWidth; ++i) {
        gradient[row * kWidth + i] = static_cast<float>(std::normal_distribution<double>()(random) * magnitude[row]);
        touched[row * kWidth + i] = true;
      }
    }
  }
};

// How far values are from the exact ones, relative to them or, if that is more, about to the initial ones.
struct Error {
  double mean = 0;
  double largest = 0;
};

template <typename Value>
Error ErrorOf(const std::vector<Value>& have, const std::vector<double>& want) {
  Error error;
  for (size_t i = 0; i < want.size(); ++i) {
    const double relative = std::fabs(have[i] - want[i]) / (std::fabs(want[i]) + kScale);
    error.mean += relative / static_cast<double>(want.size());
    error.largest = std::max(error.largest, relative);
  }
  return error;
}

TEST_CASE("Over Zipf traffic each lazy optimizer is as near to exact dense training as dense float32 training is") {
  const std::string text = GENERATE(from_range(OptimizerCases()));
  const int seed = GENERATE(1, 2);
  CAPTURE(text, seed);
  constexpr uint64_t kSteps = 3000;
  const v1::Optimizer proto = ParseOptimizer(text);
  Traffic traffic(seed);
  const std::vector<float> initial = RandomFloats(kRows * kWidth, kScale, &traffic.random);
  DenseOptimizer<double> exact(proto, initial);
  DenseOptimizer<float> dense(proto, initial);
  LazyRows lazy(proto, initial);
  for (uint64_t step = 1; step <= kSteps; ++step) {
    traffic.Next(step, kSteps);
    for (const size_t row : traffic.rows) lazy.Apply(step, row, &traffic.gradient[row * kWidth]);
    exact.Step(step, traffic.gradient, traffic.touched);
    dense.Step(step, traffic.gradient, traffic.touched);
  }
  REQUIRE(lazy.last[kRows - 1] == 0);
  std::vector<float> peeked(lazy.value.size());
  for (size_t row = 0; row < kRows; ++row) {
    lazy.optimizer->Peek(lazy.last[row], kSteps, kWidth, lazy.Value(row), lazy.Slots(row), &peeked[row * kWidth]);
    lazy.CatchUp(row, kSteps);
  }
  CHECK(SameBits(peeked, lazy.value));

  const Error of_lazy = ErrorOf(lazy.value, exact.value), of_dense = ErrorOf(dense.value, exact.value);
  CAPTURE(of_lazy.mean, of_lazy.largest, of_dense.mean, of_dense.largest);
  // Plain SGD has the same roundings either way, and chance decides; the largest error is that of a value touched in
  // nearly every step, where it does so for every optimizer.
  CHECK(of_lazy.mean <= 1.05 * of_dense.mean);
  CHECK(of_lazy.largest <= 3 * of_dense.largest);
  CHECK(of_lazy.mean < 1e-6);
}

TEST_CASE("A row caught up over thousands of steps is where dense training leaves it") {
  const std::string text = GENERATE(from_range(OptimizerCases()));
  const uint64_t first = GENERATE(1, 40, 900), missed = GENERATE(1, 2, 63, 64, 65, 5000);
  CAPTURE(text, first, missed);
  const v1::Optimizer proto = ParseOptimizer(text);
  std::mt19937_64 random(first);
  const std::vector<float> initial = RandomFloats(kWidth, kScale, &random);
  DenseOptimizer<double> exact(proto, initial);
  LazyRows lazy(proto, initial);
  const std::vector<float> zero(kWidth);
  for (uint64_t step = 1; step <= first + missed; ++step) {
    const bool touch = step > first - std::min<uint64_t>(first, 5) && step <= first;
    std::vector<float> gradient = touch ? RandomFloats(kWidth, 0.1f, &random) : zero;
    for (float& g : gradient) g = std::fabs(g);  // so that no slot is a small difference
    exact.Step(step, gradient, std::vector<bool>(kWidth, touch));
    if (touch) lazy.Apply(step, 0, gradient.data());
  }
  lazy.CatchUp(0, first + missed);
  for (int i = 0; i < kWidth; ++i) {
    CHECK(lazy.value[i] == Approx(exact.value[i]).epsilon(1e-6).margin(1e-8));
  }
  if (proto.has_lazy_adam() || proto.has_ftrl()) return;
  const std::vector<double>* const slots[] = {&exact.first, &exact.second, &exact.third};
  for (int slot = 0; slot < lazy.optimizer->slots(); ++slot) {
    for (int i = 0; i < kWidth; ++i) {
      CHECK(lazy.slots[slot * kWidth + i] == Approx((*slots[slot])[i]).epsilon(2e-6).margin(1e-30));
    }
  }
}

TEST_CASE("Catching up leaves the bits that peeking shows, in whatever order and thread it is asked") {
  const std::string text = GENERATE(from_range(OptimizerCases()));
  CAPTURE(text);
  const v1::Optimizer proto = ParseOptimizer(text);
  std::mt19937_64 random(7);
  const std::vector<float> initial = RandomFloats(kWidth, kScale, &random);
  const std::vector<float> gradient = RandomFloats(kWidth, 1, &random);
  std::map<std::pair<uint64_t, uint64_t>, std::vector<float>> seen;
  for (int round = 0; round < 2; ++round) {
    LazyRows rows(proto, initial);  // the second time another optimizer, with nothing remembered
    for (int i = 0; i < 60; ++i) {
      const uint64_t first = round == 0 ? i % 13 + 1 : (59 - i) % 13 + 1;
      const uint64_t missed = (round == 0 ? i : 59 - i) * 37;
      LazyRows row(proto, initial);
      row.Apply(first, 0, gradient.data());
      std::vector<float> peeked(kWidth);
      rows.optimizer->Peek(first, first + missed, kWidth, row.Value(0), row.Slots(0), peeked.data());
      const std::vector<float> before = row.value;
      rows.optimizer->CatchUp(first, first + missed, kWidth, row.Value(0), row.Slots(0));
      CHECK(SameBits(row.value, peeked));
      if (missed == 0) CHECK(SameBits(row.value, before));
      const auto [at, is_new] = seen.try_emplace({first, missed}, peeked);
      CHECK((is_new || SameBits(at->second, peeked)));
    }
  }
}

TEST_CASE("Values that are not finite spread to their own column alone, and never trap") {
  const std::string text = GENERATE(from_range(OptimizerCases()));
  const float bad = GENERATE(NAN, INFINITY, -INFINITY, 3e38f);
  CAPTURE(text, bad);
  const v1::Optimizer proto = ParseOptimizer(text);
  LazyRows rows(proto, {1, 1, 1}), good(proto, {1, 1, 1});
  const std::vector<float> gradient = {0.5f, bad, -0.5f}, finite = {0.5f, 0, -0.5f};
  for (const uint64_t step : {3, 90}) {
    rows.Apply(step, 0, gradient.data());
    good.Apply(step, 0, finite.data());
  }
  rows.CatchUp(0, 1000);
  good.CatchUp(0, 1000);
  CHECK(rows.value[0] == good.value[0]);
  CHECK(rows.value[2] == good.value[2]);
  if (std::isnan(bad)) CHECK(std::isnan(rows.value[1]));
}

TEST_CASE("A row that was never touched keeps its bits, but for weight decay") {
  const std::string text = GENERATE(from_range(OptimizerCases()));
  CAPTURE(text);
  const v1::Optimizer proto = ParseOptimizer(text);
  LazyRows rows(proto, {1, -0.0f, 3});
  const std::vector<float> value = rows.value, slots = rows.slots;
  rows.CatchUp(0, 700);
  rows.CatchUp(0, 700);
  CHECK(SameBits(rows.slots, slots));
  if (!proto.has_adamw()) {
    CHECK(SameBits(rows.value, value));
    return;
  }
  double kept = 1;
  for (uint64_t step = 1; step <= 700; ++step) {
    kept *= 1 - proto.adamw().learning_rate() * proto.adamw().weight_decay() * DenseFactor(proto.schedule(), step);
  }
  CHECK(rows.value[0] == Approx(kept).epsilon(1e-7));
  CHECK(rows.value[2] == Approx(3 * kept).epsilon(1e-7));
}

}  // namespace
}  // namespace pumasi
