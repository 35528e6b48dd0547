#include "ops/exact_sum.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "proto/scheduler.pb.h"

namespace pumasi {
namespace {

// Squares of floats of all sizes, subnormal ones included.
std::vector<double> RandomSquares(uint64_t seed, size_t count) {
  std::mt19937_64 random(seed);
  std::vector<double> squares;
  while (squares.size() < count) {
    const float number = std::ldexp(static_cast<float>(random() % 16777216), static_cast<int>(random() % 250) - 149);
    if (std::isfinite(number)) squares.push_back(double{number} * number);
  }
  return squares;
}

TEST_CASE("A sum has the same bits in any order and however it is split") {
  const uint64_t seed = 1 + std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::vector<double> numbers = RandomSquares(seed, 1000);
  ExactSum whole;
  for (const double number : numbers) whole.Add(number);
  for (int turn = 0; turn < 20; ++turn) {
    std::shuffle(numbers.begin(), numbers.end(), random);
    std::vector<ExactSum> pieces(1 + random() % 7);
    for (const double number : numbers) pieces[random() % pieces.size()].Add(number);
    ExactSum sum;
    for (const ExactSum& piece : pieces) {
      v1::ExactSquares message;
      piece.ToMessage(&message);
      ExactSum read;
      REQUIRE(ExactSum::FromMessage(message, &read).ok());
      sum.Add(read);
    }
    REQUIRE(sum.Value() == whole.Value());
  }
  // Long double has 64 bits, and the numbers are all positive.
  long double plain = 0;
  for (const double number : numbers) plain += number;
  CHECK(whole.Value() == Approx(static_cast<double>(plain)).epsilon(1e-15));
}

TEST_CASE("Nothing is lost beside a number that is far greater") {
  ExactSum sum;
  const double least = std::ldexp(1.0, -298), great = std::ldexp(1.0, 255);
  sum.Add(great);
  sum.Add(least);
  v1::ExactSquares message;
  sum.ToMessage(&message);
  CHECK(message.chunks(0) == int64_t{1} << 22);
  CHECK(sum.Value() == great);
  CHECK(ExactSum().Value() == 0);
}

TEST_CASE("Carries pass through all chunks") {
  ExactSum sum;
  const double almost = std::ldexp(1.0, 53) - 1;
  for (int i = 0; i < 100000; ++i) sum.Add(almost);
  CHECK(sum.Value() == Approx(1e5 * almost).epsilon(1e-15));
  ExactSum other = sum;
  for (int i = 0; i < 10; ++i) other.Add(sum);
  CHECK(other.Value() == Approx(11e5 * almost).epsilon(1e-15));
}

TEST_CASE("What is not finite makes the sum NaN, also through a message") {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    ExactSum sum;
    sum.Add(1);
    sum.Add(bad);
    CHECK(std::isnan(sum.Value()));
    v1::ExactSquares message;
    sum.ToMessage(&message);
    ExactSum read;
    REQUIRE(ExactSum::FromMessage(message, &read).ok());
    CHECK_FALSE(read.finite());
  }
}

TEST_CASE("A message that is no sum is refused") {
  v1::ExactSquares message;
  ExactSum sum;
  message.add_chunks(-1);
  CHECK_FALSE(ExactSum::FromMessage(message, &sum).ok());
  message.set_chunks(0, int64_t{1} << 32);
  CHECK_FALSE(ExactSum::FromMessage(message, &sum).ok());
  message.set_chunks(0, 5);
  CHECK(ExactSum::FromMessage(message, &sum).ok());
  while (message.chunks_size() <= ExactSum::kChunks) message.add_chunks(1);
  CHECK_FALSE(ExactSum::FromMessage(message, &sum).ok());
}

TEST_CASE("Squares are summed as eight sums") {
  std::mt19937_64 random(3);
  for (size_t count = 0; count < 70; ++count) {
    CAPTURE(count);
    std::vector<float> values(count + 1);
    for (float& value : values) value = static_cast<float>(random() % 2000) - 1000.5f;
    double lanes[8] = {}, want = 0;
    for (size_t i = 0; i < count; ++i) lanes[i % 8] += double{values[i + 1]} * values[i + 1];
    for (const double lane : lanes) want += lane;
    REQUIRE(SumOfSquares(count, values.data() + 1) == want);
  }
}

}  // namespace
}  // namespace pumasi
