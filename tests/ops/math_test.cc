#include "ops/math.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace pumasi {
namespace {

using Function = float (*)(float);
using Array = void (*)(size_t, const float*, float*);

// A sample of all floats, NaN and infinities among them: every `stride`-th bit pattern.
std::vector<float> Sample(uint64_t stride) {
  std::vector<float> values;
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += stride) {
    const uint32_t pattern = static_cast<uint32_t>(bits);
    float value;
    std::memcpy(&value, &pattern, sizeof(value));
    values.push_back(value);
  }
  return values;
}

// Distance of neighbouring floats at `value`.
double Ulp(double value) {
  const float magnitude = std::fabs(static_cast<float>(value));
  return std::max<double>(std::nextafter(magnitude, INFINITY) - magnitude, std::numeric_limits<float>::min());
}

// In units in the last place, over every `stride`-th float in [low, high].
template <typename F, typename Exact>
double LargestError(F function, Exact exact, double low, double high, uint64_t stride) {
  double largest = 0;
  for (uint64_t bits = 0; bits <= 0xffffffff; bits += stride) {
    const uint32_t pattern = static_cast<uint32_t>(bits);
    float x;
    std::memcpy(&x, &pattern, sizeof(x));
    if (!(x >= low && x <= high)) continue;
    const double want = exact(x);
    largest = std::max(largest, std::fabs(function(x) - want) / Ulp(want));
  }
  return largest;
}

void CheckErrors(uint64_t stride) {
  const auto exp = [](double x) { return std::exp(x); };
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto tanh = [](double x) { return std::tanh(x); };
  CHECK(LargestError([](float x) { return Exp(x); }, exp, -87, 88, stride) < 1.0);
  CHECK(LargestError([](float x) { return Sigmoid(x); }, sigmoid, -INFINITY, INFINITY, stride) < 2.0);
  CHECK(LargestError([](float x) { return Tanh(x); }, tanh, -INFINITY, INFINITY, stride) < 1.6);
}

TEST_CASE("exp, sigmoid and tanh err by less than two units in the last place") { CheckErrors(97); }

TEST_CASE("exp of a number that is not positive has the bits of exp") {
  size_t different = 0;
  for (const float x : Sample(97)) {
    if (x > 0) continue;
    const float have = ExpOfNegative(x), want = Exp(x);
    different += std::isnan(want) ? !std::isnan(have) : std::memcmp(&have, &want, sizeof want) != 0;
  }
  CHECK(different == 0);
}

// Takes some minutes: bazel-bin/tests/ops/math_test "[all]".
TEST_CASE("exp, sigmoid and tanh err by less than two units in the last place, for all floats", "[.][all]") {
  CheckErrors(1);
}

TEST_CASE("Far from zero the functions reach their limits, and NaN stays NaN") {
  const float infinity = INFINITY;
  CHECK(Sigmoid(infinity) == 1);
  CHECK(Sigmoid(-infinity) == 0);
  CHECK(Sigmoid(40) == 1);
  CHECK(Sigmoid(0) == 0.5f);
  CHECK(Tanh(infinity) == 1);
  CHECK(Tanh(-infinity) == -1);
  CHECK(Tanh(20) == 1);
  CHECK(Tanh(0) == 0);
  CHECK(Exp(0) == 1);
  CHECK(Exp(-infinity) == 0);
  CHECK(Exp(-1e30f) == 0);
  CHECK(std::isfinite(Exp(infinity)));
  for (const float nan : {NAN, -NAN}) {
    CHECK(std::isnan(Exp(nan)));
    CHECK(std::isnan(Sigmoid(nan)));
    CHECK(std::isnan(Tanh(nan)));
  }
}

TEST_CASE("Sigmoid and tanh keep their symmetry exactly") {
  for (const float x : Sample(100003)) {
    if (std::isnan(x)) continue;
    CHECK(Tanh(-x) == -Tanh(x));
    CHECK(std::fabs(Sigmoid(-x) - (1 - Sigmoid(x))) < 1e-7f);
  }
}

// The calls here are compiled for the baseline, those of the arrays for what this machine has.
TEST_CASE("Arrays have the bits of single numbers, at every length and alignment") {
  const std::vector<float> x = Sample(10007);
  const std::pair<Array, Function> pairs[] = {{ExpOf, [](float v) { return Exp(v); }},
                                              {SigmoidOf, [](float v) { return Sigmoid(v); }},
                                              {TanhOf, [](float v) { return Tanh(v); }}};
  for (const auto& [array, function] : pairs) {
    std::vector<float> out(x.size());
    for (size_t begin = 0; begin < x.size();) {
      const size_t length = std::min(begin % 67, x.size() - begin) + (begin % 67 == 0);
      array(length, x.data() + begin, out.data() + begin);
      begin += length;
    }
    size_t different = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const float want = function(x[i]);
      different += std::isnan(want) ? !std::isnan(out[i]) : std::memcmp(&want, &out[i], sizeof(float)) != 0;
    }
    CHECK(different == 0);
  }
}

}  // namespace
}  // namespace pumasi
