// Exact Adam at sparse cost, at the size that it is promised for: 100,000 rows over 10,000 steps of Zipf traffic,
// against dense Adam in double precision, with dense Adam in float32 beside it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "ops/adam.h"
#include "ops/vector_clones.h"
#include "tests/ops/optimizer_cases.h"

namespace pumasi {
namespace {

constexpr size_t kRows = 100000, kSteps = 10000, kTouched = 100;

// Dense Adam as its formula reads, a value a row.
template <typename T>
struct Dense {
  explicit Dense(const std::vector<float>& initial)
      : value(initial.begin(), initial.end()), m(initial.size()), v(initial.size()) {}
  std::vector<T> value, m, v;
};

template <typename T>
PUMASI_INLINE void Step(T beta_1, T beta_2, T rate, T epsilon, const float* gradient, Dense<T>* state) {
  T *value = state->value.data(), *m = state->m.data(), *v = state->v.data();
#pragma GCC ivdep
  for (size_t i = 0; i < kRows; ++i) {
    const T g = gradient[i];
    m[i] = beta_1 * m[i] + (1 - beta_1) * g;
    v[i] = beta_2 * v[i] + (1 - beta_2) * g * g;
    value[i] -= rate * m[i] / (std::sqrt(v[i]) + epsilon);
  }
}

PUMASI_VECTOR_CLONES void StepBoth(const AdamSettings& settings, double rate, const float* gradient,
                                   Dense<double>* exact, Dense<float>* plain) {
  Step<double>(settings.beta_1, settings.beta_2, rate, settings.epsilon, gradient, exact);
  Step<float>(static_cast<float>(settings.beta_1), static_cast<float>(settings.beta_2), static_cast<float>(rate),
              static_cast<float>(settings.epsilon), gradient, plain);
}

// How far values are from the exact ones, relative to them.
struct Errors {
  void Add(double error) {
    sum += error;
    largest = std::max(largest, error);
    ++count;
  }
  double mean() const { return sum / static_cast<double>(count); }
  double sum = 0, largest = 0;
  size_t count = 0;
};

TEST_CASE("100,000 rows over 10,000 steps: each is as near to exact Adam as the promise says") {
  const std::string schedule =
      GENERATE(as<std::string>(), "constant {}", "warmup: 500 step { every: 1700 factor: 0.4 }");
  CAPTURE(schedule);
  AdamSettings settings = {1e-3, 0.9, 0.999, 1e-8};
  settings.schedule = RateSchedule(ParseOptimizer("schedule { " + schedule + " }").schedule());
  const Adam adam(settings);

  std::mt19937_64 random(5);
  std::vector<float> initial(kRows), gradient(kRows), lazy, slots(2 * kRows);
  for (float& value : initial) value = std::uniform_real_distribution<float>(-0.05f, 0.05f)(random);
  std::vector<double> magnitude(kRows), shares(kRows);
  for (size_t row = 0; row < kRows; ++row) {
    shares[row] = 1 / std::pow(row + 1.0, 1.05);
    magnitude[row] = std::pow(10, -9 * std::uniform_real_distribution<double>()(random));
  }
  std::discrete_distribution<size_t> zipf(shares.begin(), shares.end() - 3);
  // The last three are left to rows of a special fate.
  constexpr size_t kNever = kRows - 1, kAtFirst = kRows - 2, kAtLast = kRows - 3;
  Dense<double> exact(initial);
  Dense<float> plain(initial);
  lazy = initial;
  std::vector<uint64_t> last(kRows), touches(kRows);
  for (uint64_t step = 1; step <= kSteps; ++step) {
    std::vector<size_t> touched;
    for (size_t i = 0; i < kTouched; ++i) touched.push_back(zipf(random));
    if (step == 1) touched.push_back(kAtFirst);
    if (step == kSteps) touched.push_back(kAtLast);
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (const size_t row : touched) {
      gradient[row] = static_cast<float>(std::normal_distribution<double>()(random) * magnitude[row]);
      adam.CatchUp(last[row], step - 1, 1, &lazy[row], &slots[2 * row]);
      adam.Apply(step, 1, &gradient[row], &lazy[row], &slots[2 * row]);
      last[row] = step;
      ++touches[row];
    }
    const double rate = settings.learning_rate * settings.schedule.Factor(step) *
                        std::sqrt(1 - std::pow(settings.beta_2, step)) / (1 - std::pow(settings.beta_1, step));
    StepBoth(settings, rate, gradient.data(), &exact, &plain);
    for (const size_t row : touched) gradient[row] = 0;
  }

  // Of rows that were touched; `lucky`: the lazy one's where dense float32 has the last digits right. It has them there
  // by chance, in rows that many steps moved: state in float32 loses digits with every step that a row takes part in.
  Errors of_lazy, of_plain, lucky;
  size_t once = 0, unlucky = 0;
  for (size_t row = 0; row < kRows; ++row) {
    adam.CatchUp(last[row], kSteps, 1, &lazy[row], &slots[2 * row]);
    if (touches[row] == 0) {
      REQUIRE(lazy[row] == initial[row]);
      continue;
    }
    once += touches[row] == 1;
    const double want = exact.value[row];
    const double error = std::fabs(lazy[row] - want) / std::fabs(want);
    of_lazy.Add(error);
    of_plain.Add(std::fabs(plain.value[row] - want) / std::fabs(want));
    if (std::fabs(plain.value[row] - want) > 1e-6 * std::fabs(want)) continue;
    lucky.Add(error);
    unlucky += error > 1e-6;
  }
  CHECK(once > 1000);
  CHECK(touches[kNever] == 0);
  CHECK(lazy[kAtFirst] == Approx(exact.value[kAtFirst]).epsilon(1e-6));
  CHECK(lazy[kAtLast] == Approx(exact.value[kAtLast]).epsilon(1e-6));
  CAPTURE(of_lazy.mean(), of_lazy.largest, of_plain.mean(), of_plain.largest, lucky.largest, lucky.count, unlucky);
  CHECK(of_lazy.mean() * 10 <= of_plain.mean());
  CHECK(of_lazy.largest <= of_plain.largest);
  CHECK(lucky.mean() < 1e-6);
  CHECK(lucky.largest < 1e-5);
  CHECK(unlucky * 500 <= lucky.count);
  std::printf(
      "%s: %zu rows touched; relative error of the lazy Adam: mean %.2g, largest %.2g; of dense float32: mean "
      "%.2g, largest %.2g; where that is within 1e-6 (%zu rows) the lazy one's largest is %.2g, %zu above 1e-6\n",
      schedule.c_str(), of_lazy.count, of_lazy.mean(), of_lazy.largest, of_plain.mean(), of_plain.largest, lucky.count,
      lucky.largest, unlucky);
}

}  // namespace
}  // namespace pumasi
