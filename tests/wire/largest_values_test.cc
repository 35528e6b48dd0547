#include "ops/wire/largest_values.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace pumasi {
namespace {

using Floats = std::vector<float>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInf = std::numeric_limits<float>::infinity();

// With many values that are equal but for their sign, and zeros.
Floats Some(size_t count, std::mt19937_64& random) {
  std::normal_distribution<float> normal(0, 1);
  Floats values(count);
  for (float& value : values) {
    value = random() % 3 == 0 ? static_cast<float>(static_cast<int>(random() % 7) - 3) : normal(random);
  }
  return values;
}

std::string BytesOf(const ByteBlock& block) { return std::string(block.bytes()); }

absl::Status Decode(const std::string& bytes, Floats* values) {
  return DecodeLargest(ByteView(bytes), values->size(), values->data());
}

TEST_CASE("How many of a tensor's values a fraction is") {
  CHECK(LargestOf(0, 0.5) == 0);
  CHECK(LargestOf(1, 0.01) == 1);
  CHECK(LargestOf(100, 0.01) == 1);
  CHECK(LargestOf(101, 0.01) == 2);
  CHECK(LargestOf(7, 1) == 7);
}

TEST_CASE("The largest values stay, the first of equal ones, as sorting finds them; the others are kept") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int turn = 0; turn < 200; ++turn) {
    const size_t count = random() % 300, most = random() % (count + 2);
    CAPTURE(count, most);
    const Floats gradient = Some(count, random), before = Some(count, random);
    Floats sum(count), values = gradient, lost = before;
    for (size_t i = 0; i < count; ++i) sum[i] = gradient[i] + before[i];
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return std::fabs(sum[a]) > std::fabs(sum[b]); });
    KeepLargest(most, count, values.data(), lost.data());
    for (size_t rank = 0; rank < count; ++rank) {
      const size_t i = order[rank];
      REQUIRE(values[i] == (rank < most ? sum[i] : 0));
      REQUIRE(lost[i] == (rank < most ? 0 : sum[i]));
    }
  }
}

TEST_CASE("NaN and infinity are among the largest") {
  Floats values = {5, kNan, 7, -kInf, 6}, lost(5);
  KeepLargest(2, 5, values.data(), lost.data());
  CHECK(std::isnan(values[1]));
  CHECK(values[3] == -kInf);
  Floats back(5);
  CHECK(absl::IsFailedPrecondition(Decode(BytesOf(EncodeLargest(5, values.data())), &back)));
}

TEST_CASE("What was kept arrives as it was, however many values it is, and gives the same bytes again") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (const size_t count : {0, 1, 100, 16384}) {
    for (const double fraction : {1e-6, 0.01, 0.3, 1.0}) {
      CAPTURE(count, fraction);
      Floats values = Some(count, random), lost(count);
      KeepLargest(LargestOf(count, fraction), count, values.data(), lost.data());
      const std::string bytes = BytesOf(EncodeLargest(count, values.data()));
      ByteView view;
      for (size_t at = 0; at < bytes.size(); at += 5) view.Append(std::string_view(bytes).substr(at, 5));
      Floats back(count, 77);
      REQUIRE(DecodeLargest(view, count, back.data()).ok());
      CHECK(back == values);
      CHECK(BytesOf(EncodeLargest(count, back.data())) == bytes);
    }
  }
}

TEST_CASE("A hundredth of the values takes less than a fiftieth of the bytes") {
  std::mt19937_64 random(1);
  constexpr size_t kCount = 16384;
  Floats values = Some(kCount, random), lost(kCount);
  KeepLargest(LargestOf(kCount, 0.01), kCount, values.data(), lost.data());
  CHECK(EncodeLargest(kCount, values.data()).size * 50 < kCount * sizeof(float));
}

// A block of these deltas and values.
std::string Block(uint32_t number, const std::vector<uint8_t>& deltas, const Floats& values) {
  std::string bytes(reinterpret_cast<const char*>(&number), 4);
  bytes.append(deltas.begin(), deltas.end());
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  return bytes;
}

TEST_CASE("Blocks that make no sense are refused") {
  Floats back(200);
  const auto status = [&](uint32_t number, const std::vector<uint8_t>& deltas, const Floats& values) {
    return Decode(Block(number, deltas, values), &back);
  };
  REQUIRE(status(2, {3, 5}, {1, 2}).ok());
  CHECK(back[3] == 1);
  CHECK(back[8] == 2);
  CHECK(status(0, {}, {}).ok());
  REQUIRE(status(2, {0, 0x83, 0x01}, {1, 2}).ok());  // two bytes for 131
  CHECK(back[131] == 2);
  // Not ascending, or past the end.
  CHECK(status(2, {3, 0}, {1, 2}) ==
        absl::InvalidArgumentError("places of values do not ascend, or pass the last of 200, at 3"));
  CHECK(absl::IsInvalidArgument(status(1, {0xc8, 0x01}, {1})));
  CHECK(absl::IsInvalidArgument(status(2, {0xc7, 0x01, 1}, {1, 2})));
  CHECK(absl::IsInvalidArgument(status(2, {1, 0xff, 0xff, 0xff, 0xff, 0x0f}, {1, 2})));
  CHECK(absl::IsInvalidArgument(status(2, {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {1, 2})));
  // More or fewer values than it says.
  CHECK(absl::IsInvalidArgument(status(1, {3, 5}, {1, 2})));
  CHECK(absl::IsInvalidArgument(status(3, {3, 5}, {1, 2})));
  CHECK(absl::IsInvalidArgument(status(0, {3, 5}, {1, 2})));
  CHECK(absl::IsInvalidArgument(status(0xffffffff, {3, 5}, {1, 2})));
  CHECK(absl::IsInvalidArgument(status(201, std::vector<uint8_t>(201, 1), Floats(201, 1.0f))));
  CHECK(absl::IsInvalidArgument(Decode("", &back)));
  CHECK(absl::IsInvalidArgument(Decode("abc", &back)));
  CHECK(absl::IsFailedPrecondition(status(1, {3}, {kInf})));
}

TEST_CASE("Random damage is refused or decoded, and never more than that") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Floats values = Some(500, random), lost(500), back(500);
  KeepLargest(40, 500, values.data(), lost.data());
  const std::string good = BytesOf(EncodeLargest(500, values.data()));
  for (int turn = 0; turn < 5000; ++turn) {
    std::string bad = good.substr(0, random() % 10 == 0 ? random() % good.size() : good.size());
    for (int flips = 1 + random() % 4; flips > 0 && !bad.empty(); --flips) {
      bad[random() % 2 ? random() % bad.size() : random() % std::min<size_t>(bad.size(), 50)] ^= 1 << random() % 8;
    }
    (void)Decode(bad, &back);
  }
}

}  // namespace
}  // namespace pumasi
