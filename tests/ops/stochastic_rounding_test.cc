#include "ops/stochastic_rounding.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <vector>

#include "ops/dropout.h"
#include "ops/philox.h"
#include "ops/threefry.h"

namespace pumasi {
namespace {

uint32_t BitsOf(float x) { return __builtin_bit_cast(uint32_t, x); }
float FloatOf(uint32_t bits) { return __builtin_bit_cast(float, bits); }

// Of value `i`, from the documentation's words.
uint32_t RandomOf(uint64_t stream, uint32_t table, uint64_t row, size_t i) {
  const ThreefryBlock key = {{static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32), 0, 0}};
  const auto block = static_cast<uint32_t>(i / 64 * 8 + i % 8);
  const ThreefryBlock counter = {{block, static_cast<uint32_t>(row), static_cast<uint32_t>(row >> 32), table}};
  const uint32_t word = Threefry(key, counter).word[i / 8 % 4];
  return i / 32 % 2 == 0 ? word & 0xffff : word >> 16;
}

// The slow way, one value after the other: which neighbour is it?
float Plainly(float x, uint32_t random) {
  if (std::isnan(x) || std::isinf(x)) return x;
  const uint32_t below = BitsOf(x) & 0xffff0000;  // the neighbour towards zero
  if (std::fabs(x) > FloatOf(0x7f7f0000)) return std::copysign(FloatOf(0x7f7f0000), x);
  // In units of the distance to the other neighbour, in 65536ths: exact.
  const uint32_t place = BitsOf(x) & 0xffff;
  return FloatOf(random >= 65536 - place ? below + 0x10000 : below);
}

float AnyFloat(std::mt19937_64& random) { return FloatOf(static_cast<uint32_t>(random())); }
float BelowTwo(std::mt19937_64& random) { return FloatOf(static_cast<uint32_t>(random()) & 0xbfffffff); }

TEST_CASE("Rows of every length are rounded as one value after the other would be") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (size_t count = 0; count <= 300; ++count) {
    const uint64_t stream = random(), row = random();
    const auto table = static_cast<uint32_t>(random());
    std::vector<float> values(count + 1);
    // Rows with values that are not finite take another way.
    for (float& value : values) value = count % 2 == 0 ? AnyFloat(random) : BelowTwo(random);
    const std::vector<float> before = values;
    RoundStochastically(stream, table, row, count, values.data());
    CAPTURE(count);
    for (size_t i = 0; i < count; ++i) {
      CAPTURE(i, before[i]);
      if (std::isnan(before[i])) {
        REQUIRE(std::isnan(values[i]));
        continue;
      }
      REQUIRE(BitsOf(values[i]) == BitsOf(Plainly(before[i], RandomOf(stream, table, row, i))));
    }
    REQUIRE(BitsOf(values[count]) == BitsOf(before[count]));
  }
}

TEST_CASE("What is a bfloat16 stays, and so does what was rounded") {
  std::vector<float> all;
  for (uint32_t upper = 0; upper < 65536; ++upper) all.push_back(FloatOf(upper << 16));
  std::vector<float> rounded = all;
  RoundStochastically(1, 2, 3, rounded.size(), rounded.data());
  for (size_t i = 0; i < all.size(); ++i) {
    if (std::isnan(all[i])) {
      CHECK(std::isnan(rounded[i]));
    } else {
      REQUIRE(BitsOf(rounded[i]) == BitsOf(all[i]));
    }
  }
}

TEST_CASE("NaN stays NaN, infinity infinity, and no finite value becomes infinite") {
  const float largest = FloatOf(0x7f7f0000), inf = std::numeric_limits<float>::infinity();
  for (const float sign : {1.0f, -1.0f}) {
    std::vector<float> values(64, sign * std::numeric_limits<float>::max());
    values[1] = FloatOf(BitsOf(sign * inf) | 1);  // a NaN with its payload in the lower half alone
    values[2] = sign * inf;
    values[3] = FloatOf(BitsOf(sign * largest) + 1);
    RoundStochastically(4, 5, 6, values.size(), values.data());
    CHECK(std::isnan(values[1]));
    CHECK(values[2] == sign * inf);
    values[1] = values[2] = values[0];
    for (const float value : values) CHECK(value == sign * largest);
  }
}

// The mean over many rows, minus the value, in units of the distance between its neighbours.
double Bias(float value, uint64_t stream, size_t rows, size_t width) {
  const double below = FloatOf(BitsOf(value) & 0xffff0000), above = FloatOf((BitsOf(value) & 0xffff0000) + 0x10000);
  double sum = 0;
  for (uint64_t row = 0; row < rows; ++row) {
    std::vector<float> values(width, value);
    RoundStochastically(stream, 0, row, width, values.data());
    for (const float rounded : values) {
      REQUIRE((rounded == static_cast<float>(below) || rounded == static_cast<float>(above)));
      sum += (rounded - value) / (above - below);
    }
  }
  return sum / static_cast<double>(rows * width);
}

TEST_CASE("The mean of many roundings is the value") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  constexpr size_t kRows = 200, kWidth = 300;
  for (int turn = 0; turn < 20; ++turn) {
    // From the smallest numbers that there are to the largest.
    const uint32_t upper = static_cast<uint32_t>(random() % 0x7f7f) << 16 | (random() % 2 == 0 ? 0x80000000u : 0);
    const auto place = static_cast<uint32_t>(1 + random() % 65535);
    const float value = FloatOf(upper | place);
    const double p = place / 65536.0, deviation = std::sqrt(p * (1 - p) / (kRows * kWidth));
    CAPTURE(value, place);
    // Six standard deviations: of a billion runs one may fail.
    CHECK(std::fabs(Bias(value, random(), kRows, kWidth)) <= 6 * deviation + 1e-9);
  }
}

TEST_CASE("Gradients that are far smaller than what they are added to count on the average") {
  // 1/512 is a quarter of a step at 1: rounding to nearest would never move.
  std::vector<float> sums(1000, 1.0f);
  for (uint64_t batch = 0; batch < 512; ++batch) {
    for (float& sum : sums) sum += 1.0f / 512;
    RoundStochastically(RoundingStream(1, batch, 0, 1), 0, 0, sums.size(), sums.data());
  }
  double mean = 0;
  for (const float sum : sums) mean += sum / 1000;
  // A step of 1/128 is rounded 512 times with a variance of at most a quarter of its square.
  CHECK(std::fabs(mean - 2) < 6 * std::sqrt(512 * 0.25 / 1000) / 128);
}

TEST_CASE("Seeds, versions, nodes, tables, rows and columns draw different bits") {
  std::set<std::vector<float>> seen;
  int draws = 0;
  const auto draw = [&](uint64_t stream, uint32_t table, uint64_t row) {
    std::vector<float> values(64, 1.00390625f * 1.001f);
    RoundStochastically(stream, table, row, values.size(), values.data());
    seen.insert(values);
    ++draws;
  };
  const uint64_t stream = RoundingStream(1, 1, 2, 3);
  draw(stream, 1, 1);
  draw(RoundingStream(2, 1, 2, 3), 1, 1);
  draw(RoundingStream(1, 2, 2, 3), 1, 1);
  draw(RoundingStream(1, 1 + (uint64_t{1} << 32), 2, 3), 1, 1);
  draw(RoundingStream(1, 1, 1, 3), 1, 1);
  draw(RoundingStream(1, 1, 2, 4), 1, 1);
  draw(stream, 2, 1);
  draw(stream, 1, 2);
  draw(stream, 1, 1 + (uint64_t{1} << 32));
  std::vector<float> wide(640, 1.00390625f * 1.001f);
  RoundStochastically(stream, 3, 3, wide.size(), wide.data());
  for (size_t at = 0; at < wide.size(); at += 64, ++draws) seen.emplace(wide.begin() + at, wide.begin() + at + 64);
  CHECK(static_cast<int>(seen.size()) == draws);
  // Nor do neighbouring ones go together: with 0.63 for one way, 0.53 of two are the same.
  int same = 0;
  for (size_t i = 1; i < wide.size(); ++i) same += wide[i] == wide[i - 1];
  CHECK(std::fabs(same / 639.0 - 0.53) < 6 * 0.02);
}

TEST_CASE("Dropout's streams are others") {
  for (uint32_t part = 0; part < 8; ++part) {
    CHECK(RoundingStream(7, 3, part, part + 1) != DropoutStream({7, 3, part}, part + 1));
  }
  const PhiloxBlock key = Philox(7, {{3, 1, 4, 8}});
  CHECK(RoundingStream(7, 3 + (uint64_t{1} << 32), 4, 8) == (key.word[2] | static_cast<uint64_t>(key.word[3]) << 32));
}

}  // namespace
}  // namespace pumasi
