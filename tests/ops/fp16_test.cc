#include "ops/fp16.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "ops/threefry.h"
#include "ops/wire/fp16_values.h"

namespace pumasi {
namespace {

using Floats = std::vector<float>;

constexpr float kInf = std::numeric_limits<float>::infinity(), kMax = std::numeric_limits<float>::max();

uint32_t BitsOf(float x) { return __builtin_bit_cast(uint32_t, x); }
float FloatOf(uint32_t bits) { return __builtin_bit_cast(float, bits); }

// Of value `i` of a row, as stochastic_rounding.h says.
uint32_t RandomOf(uint64_t stream, uint32_t table, uint64_t row, size_t i) {
  const ThreefryBlock key = {{static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32), 0, 0}};
  const auto block = static_cast<uint32_t>(i / 64 * 8 + i % 8);
  const ThreefryBlock counter = {{block, static_cast<uint32_t>(row), static_cast<uint32_t>(row >> 32), table}};
  const uint32_t word = Threefry(key, counter).word[i / 8 % 4];
  return i / 32 % 2 == 0 ? word & 0xffff : word >> 16;
}

// The exponent of the smallest power of two that no finite value exceeds, the slow way.
int PlainExponent(const Floats& values) {
  int exponent = kLeastFp16Exponent;
  for (const float x : values) {
    while (std::isfinite(x) && std::fabs(double{x}) > std::ldexp(1.0, exponent)) ++exponent;
  }
  return exponent;
}

// The distance between neighbours at x, in a block with this exponent: 11 bits, but no less than 2^-39 of the block's.
double StepAt(double x, int exponent) {
  const int of_x = x == 0 ? -10000 : std::ilogb(x);
  return std::ldexp(1.0, std::max(of_x - 10, exponent - 39));
}

double Limited(double magnitude, int exponent) {
  return std::min(magnitude, exponent == 128 ? std::ldexp(32752.0, 113) : std::ldexp(1.0, exponent));
}

// One value after the other, in double.
float PlainlyAtRandom(float x, int exponent, uint32_t random) {
  if (!std::isfinite(x)) return x;
  const double magnitude = std::fabs(double{x}), step = StepAt(magnitude, exponent);
  const double steps = magnitude / step, whole = std::floor(steps), rest = steps - whole;
  const bool few_bits = step > std::ldexp(1.0, (x == 0 ? 0 : std::ilogb(x)) - 10);
  const bool up = few_bits ? rest * 65536 >= random + 1.0 : rest * 8192 + (random & 8191) >= 8192;
  return std::copysign(static_cast<float>(Limited((whole + up) * step, exponent)), x);
}

float PlainlyNearest(float x, int exponent) {
  if (!std::isfinite(x)) return x;
  const double magnitude = std::fabs(double{x}), step = StepAt(magnitude, exponent);
  return std::copysign(static_cast<float>(Limited(std::nearbyint(magnitude / step) * step, exponent)), x);
}

Floats Sent(const Floats& values) {
  std::vector<uint16_t> halves(values.size() + 2, 0x1234);
  NarrowToFp16(values.size(), values.data(), halves.data());
  CHECK(halves.back() == 0x1234);
  Floats back(values.size());
  WidenFp16(static_cast<int16_t>(halves[0]), back.size(), reinterpret_cast<const char*>(halves.data() + 1),
            back.data());
  return back;
}

bool Same(const Floats& left, const Floats& right) {
  for (size_t i = 0; i < left.size(); ++i) {
    if (std::isnan(left[i]) ? !std::isnan(right[i]) : BitsOf(left[i]) != BitsOf(right[i])) return false;
  }
  return left.size() == right.size();
}

// Values of very different sizes, as gradients; some blocks have any float32, up to the largest and down to the
// smallest.
Floats Some(size_t count, std::mt19937_64& random) {
  const int kind = static_cast<int>(random() % 5);
  const int size = static_cast<int>(random() % 250) - 140;
  Floats values(count);
  for (float& value : values) {
    const auto bits = static_cast<uint32_t>(random());
    value = FloatOf(bits);
    if (kind == 0 && random() % 2 == 0) continue;
    const int below = kind == 1 ? 0 : kind == 2 ? static_cast<int>(random() % 60) : static_cast<int>(random() % 12);
    value = std::ldexp(FloatOf(0x3f800000 | (bits & 0x7fffff)), size - below) * (bits >> 31 ? -1.0f : 1.0f);
    if (kind == 4 && random() % 8 == 0) value = 0;
  }
  return values;
}

TEST_CASE("A block's exponent is that of the smallest power of two that no value exceeds") {
  const auto exponent = [](const Floats& values) { return Fp16Exponent(values.size(), values.data()); };
  CHECK(exponent({}) == -126);
  CHECK(exponent({0, -0.0f}) == -126);
  CHECK(exponent({1}) == 0);
  CHECK(exponent({0.5f, -1.25f}) == 1);
  CHECK(exponent({-2}) == 1);
  CHECK(exponent({kMax}) == 128);
  CHECK(exponent({FloatOf(1)}) == -126);
  CHECK(exponent({3, kInf, std::nanf("")}) == 2);
}

TEST_CASE("Blocks are rounded, sent and rounded again as one value after the other would be") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int turn = 0; turn < 1500; ++turn) {
    const size_t count = random() % 200;
    const uint64_t stream = random(), row = random();
    const auto table = static_cast<uint32_t>(random());
    const Floats values = Some(count, random);
    const int exponent = PlainExponent(values);
    CAPTURE(turn, count, exponent);
    REQUIRE(Fp16Exponent(count, values.data()) == exponent);
    Floats rounded = values, wanted(count), nearest(count);
    RoundStochasticallyToFp16(stream, table, row, count, rounded.data());
    for (size_t i = 0; i < count; ++i) {
      wanted[i] = PlainlyAtRandom(values[i], exponent, RandomOf(stream, table, row, i));
      nearest[i] = PlainlyNearest(values[i], exponent);
      CAPTURE(i, values[i], rounded[i], wanted[i]);
      REQUIRE((std::isnan(values[i]) ? std::isnan(rounded[i]) : BitsOf(rounded[i]) == BitsOf(wanted[i])));
      REQUIRE(std::isinf(rounded[i]) == std::isinf(values[i]));
    }
    REQUIRE(Same(Sent(values), nearest));
    // What was rounded stays as it is, whatever is done to it.
    REQUIRE(Same(Sent(rounded), rounded));
    Floats again = rounded;
    RoundStochasticallyToFp16(random(), table, row, count, again.data());
    REQUIRE(Same(again, rounded));
    REQUIRE(Same(Sent(nearest), nearest));
  }
}

TEST_CASE("No finite value becomes infinite") {
  for (const float most : {kMax, FloatOf(0x7f7fe000), FloatOf(0x7f7fdfff)}) {
    Floats values = {most, -most, 1, 0};
    const Floats sent = Sent(values);
    CHECK(sent == Floats{FloatOf(0x7f7fe000), -FloatOf(0x7f7fe000), 0, 0});
    for (uint64_t row = 0; row < 50; ++row) {
      values = {most, -most, 1, 0};
      RoundStochasticallyToFp16(1, 2, row, values.size(), values.data());
      CHECK(std::isfinite(values[0]));
      CHECK(values[0] >= FloatOf(0x7f7fc000));
    }
  }
}

TEST_CASE("The mean of many roundings is the value, of small values beside a large one as well") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (const double below : {1.0, 0x1p-9, 0x1p-25, 0x1p-34, 0x1p-38, 0x1p-41}) {
    const auto value = static_cast<float>(below * (1 + static_cast<double>(random() % 8388608) / 8388608));
    const double step = StepAt(value, 1);
    double sum = 0;
    constexpr int kRows = 400, kWidth = 128;
    const uint64_t stream = random();
    for (uint64_t row = 0; row < kRows; ++row) {
      Floats values(kWidth, value);
      values[0] = 2;
      RoundStochasticallyToFp16(stream, 0, row, values.size(), values.data());
      for (size_t i = 1; i < values.size(); ++i) {
        REQUIRE(std::fabs(double{values[i]} - value) < step);
        sum += (double{values[i]} - value) / step;
      }
    }
    // The deviation of one is at most half a step: five of those of the mean.
    const double count = kRows * (kWidth - 1);
    CAPTURE(value);
    CHECK(std::fabs(sum / count) < 5 * 0.5 / std::sqrt(count) + 0x1p-16);
  }
}

TEST_CASE("Binary16 numbers are those of the standard") {
  // 2 has the block's exponent 1: values are stored times 2^14.
  const Floats values = {2, -1, 0.75f, 0x1p-38f, -0x1p-37f, 0, kInf, -kInf};
  std::vector<uint16_t> halves(values.size() + 1);
  NarrowToFp16(values.size(), values.data(), halves.data());
  CHECK(halves == std::vector<uint16_t>{1, 0x7800, 0xf400, 0x7200, 0x0001, 0x8002, 0, 0x7c00, 0xfc00});
  CHECK(Sent(values) == values);
  CHECK(IsFp16Exponent(-126));
  CHECK(IsFp16Exponent(128));
  CHECK_FALSE(IsFp16Exponent(-127));
  CHECK_FALSE(IsFp16Exponent(129));
}

}  // namespace
}  // namespace pumasi
