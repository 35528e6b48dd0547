#include "ops/wire/one_bit.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/layout/slots.h"

namespace pumasi {
namespace {

using Floats = std::vector<float>;

Floats Some(size_t count, std::mt19937_64& random) {
  std::normal_distribution<float> normal(0.1f, 1);
  Floats values(count);
  for (float& value : values) value = random() % 10 == 0 ? 0 : normal(random);
  return values;
}

std::string BytesOf(const ByteBlock& block) { return std::string(block.bytes()); }

absl::Status Decode(const std::string& bytes, Floats* values) {
  return DecodeOneBit(ByteView(bytes), values->size(), values->data());
}

// Means by the definition, in double.
void PlainMeans(const Floats& x, size_t first, size_t end, double* low, double* high) {
  double below = 0, above = 0;
  int lows = 0, highs = 0;
  for (size_t i = first; i < end; ++i) {
    if (x[i] < 0) {
      below += x[i];
      ++lows;
    } else {
      above += x[i];
      ++highs;
    }
  }
  *low = lows > 0 ? below / lows : 0;
  *high = highs > 0 ? above / highs : 0;
}

TEST_CASE("Each value becomes the mean of those of its sign in its group, and what that loses is kept") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (const size_t count : {0, 1, 5, 8, 255, 256, 257, 1000, 5000}) {
    CAPTURE(count);
    const Floats gradient = Some(count, random), before = Some(count, random);
    Floats sum(count), values = gradient, lost = before;
    for (size_t i = 0; i < count; ++i) sum[i] = gradient[i] + before[i];
    QuantiseToOneBit(count, values.data(), lost.data());
    for (size_t i = 0; i < count; ++i) {
      const size_t first = i / 256 * 256;
      double low, high;
      PlainMeans(sum, first, std::min(count, first + 256), &low, &high);
      const double mean = sum[i] < 0 ? low : high;
      REQUIRE(std::fabs(values[i] - mean) <= 1e-6 * std::fabs(mean));
      REQUIRE(lost[i] == sum[i] - values[i]);
    }
  }
}

TEST_CASE("What was quantised arrives as it was, in the bytes that were promised, and gives the same bytes again") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (const size_t count : {0, 1, 7, 8, 9, 256, 300, 16384, 16000}) {
    CAPTURE(count);
    Floats values = Some(count, random), lost(count);
    if (count == 300) std::fill_n(values.begin(), 256, 2.5f);  // a group without a value below 0
    QuantiseToOneBit(count, values.data(), lost.data());
    const std::string bytes = BytesOf(EncodeOneBit(count, values.data()));
    CHECK(bytes.size() == OneBitBytes(count));
    CHECK(bytes.size() == (count + 255) / 256 * 8 + (count + 7) / 8);
    // In two pieces, as messages come.
    ByteView view;
    view.Append(std::string_view(bytes).substr(0, bytes.size() / 3));
    view.Append(std::string_view(bytes).substr(bytes.size() / 3));
    Floats back(count, 77);
    REQUIRE(DecodeOneBit(view, count, back.data()).ok());
    CHECK(back == values);
    CHECK(BytesOf(EncodeOneBit(count, back.data())) == bytes);
  }
}

TEST_CASE("Over time all of a gradient arrives: what is sent and what is kept add up") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  constexpr size_t kCount = 700;
  std::vector<double> given(kCount), sent(kCount);
  Floats lost(kCount);
  for (int turn = 0; turn < 200; ++turn) {
    Floats values = Some(kCount, random);
    for (size_t i = 0; i < kCount; ++i) given[i] += values[i];
    QuantiseToOneBit(kCount, values.data(), lost.data());
    for (size_t i = 0; i < kCount; ++i) sent[i] += values[i];
  }
  for (size_t i = 0; i < kCount; ++i) REQUIRE(std::fabs(given[i] - sent[i] - lost[i]) < 1e-3);
}

TEST_CASE("NaN and infinity are not hidden by a mean") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    Floats values = {1, -1, bad, 2, -5}, lost(5), back(5);
    QuantiseToOneBit(5, values.data(), lost.data());
    const absl::Status status = Decode(BytesOf(EncodeOneBit(5, values.data())), &back);
    CHECK(absl::IsFailedPrecondition(status));
  }
}

TEST_CASE("Blocks that make no sense are refused") {
  Floats values = {1, -1, 3, 2, -5}, lost(5), back(5);
  QuantiseToOneBit(5, values.data(), lost.data());
  const std::string good = BytesOf(EncodeOneBit(5, values.data()));
  REQUIRE(Decode(good, &back).ok());
  CHECK(Decode(good + '\0', &back) ==
        absl::InvalidArgumentError("10 bytes of one bit a value, expected 9 for 5 values"));
  CHECK(absl::IsInvalidArgument(Decode(good.substr(1), &back)));
  CHECK(absl::IsInvalidArgument(Decode("", &back)));
  const auto with_means = [&](float low, float high) {
    std::string bad = good;
    std::memcpy(bad.data(), &low, 4);
    std::memcpy(bad.data() + 4, &high, 4);
    return Decode(bad, &back);
  };
  CHECK(with_means(-1, 1).ok());
  CHECK(with_means(0, 0).ok());
  CHECK(with_means(1, 2) == absl::InvalidArgumentError("means 1 and 2 of group 0: 0 has to lie between them"));
  CHECK(absl::IsInvalidArgument(with_means(-2, -1)));
  CHECK(absl::IsFailedPrecondition(with_means(-INFINITY, 1)));
  CHECK(absl::IsFailedPrecondition(with_means(-1, NAN)));
  std::string bad = good;
  bad.back() = static_cast<char>(bad.back() | 0x20);
  CHECK(absl::IsInvalidArgument(Decode(bad, &back)));
}

TEST_CASE("A chunk begins a group, and takes less than a sixteenth of its float32") {
  CHECK(kChunkFloats % kOneBitGroup == 0);
  CHECK(OneBitBytes(kChunkFloats) * 25 < kChunkFloats * sizeof(float));
}

}  // namespace
}  // namespace pumasi
