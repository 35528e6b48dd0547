#include "ops/wire/value_codec.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "ops/wire/bf16_values.h"
#include "ops/wire/fp16_values.h"

namespace pumasi {
namespace {

uint32_t BitsOf(float x) { return __builtin_bit_cast(uint32_t, x); }
float FloatOf(uint32_t bits) { return __builtin_bit_cast(float, bits); }

// The nearest bfloat16 of a number that is not NaN, the slow way: whichever neighbour is less far away.
float Nearest(float x) {
  if (std::isinf(x)) return x;
  const uint32_t below = BitsOf(x) & 0xffff0000;
  if (below == (BitsOf(x) & 0x80000000u) + static_cast<uint32_t>(kLargestBf16)) return FloatOf(below);
  const double down = std::fabs(double{x} - FloatOf(below)), up = std::fabs(double{FloatOf(below + 0x10000)} - x);
  const bool up_is_even = (below >> 16) % 2 == 1;
  return FloatOf(up < down || (up == down && up_is_even) ? below + 0x10000 : below);
}

std::vector<float> AnyFloats(size_t count, std::mt19937_64& random) {
  std::vector<float> values(count);
  for (float& value : values) {
    auto bits = static_cast<uint32_t>(random());
    // Ties, too.
    if (random() % 4 == 0) bits = (bits & 0xffff0000) | 0x8000;
    value = FloatOf(bits);
  }
  return values;
}

// The block's bytes in pieces of random sizes.
ByteView Cut(std::string_view bytes, std::mt19937_64& random) {
  ByteView view;
  while (!bytes.empty()) {
    const size_t size = std::min<size_t>(random() % 3 == 0 ? 1 : 1 + random() % 50, bytes.size());
    view.Append(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return view;
}

TEST_CASE("A bfloat16 is the nearest one, as the slow way finds it") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (size_t count = 0; count < 200; ++count) {
    const std::vector<float> values = AnyFloats(count, random);
    std::vector<uint16_t> narrow(count + 1, 0x1234);
    NarrowToBf16(count, values.data(), narrow.data());
    CHECK(narrow[count] == 0x1234);
    // From an odd address, too.
    std::string bytes(1, ' ');
    bytes.append(reinterpret_cast<const char*>(narrow.data()), count * 2);
    std::vector<float> back(count + 1, 7);
    WidenBf16(count, bytes.data() + 1, back.data());
    CHECK(back[count] == 7);
    for (size_t i = 0; i < count; ++i) {
      CAPTURE(i, values[i]);
      REQUIRE(BitsOf(back[i]) == uint32_t{narrow[i]} << 16);
      if (std::isnan(values[i])) {
        REQUIRE(std::isnan(back[i]));
      } else {
        REQUIRE(BitsOf(back[i]) == BitsOf(Nearest(values[i])));
      }
    }
  }
}

TEST_CASE("No finite value becomes infinite") {
  const float inf = std::numeric_limits<float>::infinity(), most = std::numeric_limits<float>::max();
  const std::vector<float> values = {most, -most, inf, -inf, FloatOf(0x7f7f7fff), FloatOf(0x7f7f8000), 0.0f, -0.0f};
  std::vector<uint16_t> narrow(values.size());
  NarrowToBf16(values.size(), values.data(), narrow.data());
  CHECK(narrow == std::vector<uint16_t>{0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x7f7f, 0x7f7f, 0x0000, 0x8000});
}

TEST_CASE("What is written is read, however the bytes are cut, and is half as long as bf16") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (const Precision wire : {Precision::kFloat32, Precision::kBf16, Precision::kFp16}) {
    for (int turn = 0; turn < 100; ++turn) {
      CAPTURE(WireName(wire), turn);
      std::vector<std::vector<float>> pieces;
      const size_t length = 1 + random() % 40;
      for (uint64_t i = 0, all = random() % 8; i < all; ++i) {
        pieces.push_back(AnyFloats(length, random));
        for (float& value : pieces.back()) value = std::isnan(value) ? 0 : value;
      }
      ValueWriter writer(wire, pieces.size(), length);
      for (const std::vector<float>& piece : pieces) {
        if (random() % 2 == 0) {
          writer.Add(piece.data(), piece.size());
        } else {
          writer.AddFilled(piece.size(), [&](float* to) { std::copy(piece.begin(), piece.end(), to); });
        }
      }
      const ByteBlock block = writer.Take();
      REQUIRE(block.size == ValueBytes(wire, pieces.size(), length));
      REQUIRE(block.size == (wire == Precision::kFloat32 ? pieces.size() * length * 4
                             : wire == Precision::kBf16  ? pieces.size() * length * 2
                                                         : pieces.size() * (2 + length * 2)));
      const ByteView view = Cut(block.bytes(), random);
      ValueReader reader(wire, view);
      for (const std::vector<float>& piece : pieces) {
        if (random() % 4 == 0) {
          reader.Skip(piece.size());
          continue;
        }
        std::vector<float> read(piece.size());
        reader.Read(read.data(), read.size());
        REQUIRE(reader.ok());
        std::vector<uint16_t> halves(piece.size() + 1);
        NarrowToFp16(piece.size(), piece.data(), halves.data());
        std::vector<float> narrow(piece.size());
        WidenFp16(static_cast<int16_t>(halves[0]), piece.size(), reinterpret_cast<const char*>(halves.data() + 1),
                  narrow.data());
        for (size_t i = 0; i < piece.size(); ++i) {
          const float wanted = wire == Precision::kBf16   ? Nearest(piece[i])
                               : wire == Precision::kFp16 ? narrow[i]
                                                          : piece[i];
          REQUIRE(BitsOf(read[i]) == BitsOf(wanted));
        }
      }
    }
  }
}

TEST_CASE("A block of binary16 whose exponent is none is noticed") {
  const std::vector<float> values = {1, 2, 3};
  for (const int exponent : {-32768, -127, 129, 32767}) {
    ValueWriter writer(Precision::kFp16, 2, 3);
    writer.Add(values.data(), 3);
    writer.Add(values.data(), 3);
    const ByteBlock block = writer.Take();
    std::string bytes(block.bytes());
    const auto half = static_cast<int16_t>(exponent);
    std::memcpy(bytes.data() + 8, &half, sizeof half);
    const ByteView view(bytes);
    ValueReader reader(Precision::kFp16, view);
    std::vector<float> back(3);
    reader.Read(back.data(), 3);
    CHECK(reader.ok());
    CHECK(back == values);
    reader.Read(back.data(), 3);
    CHECK_FALSE(reader.ok());
    CHECK(std::isnan(back[2]));
  }
}

}  // namespace
}  // namespace pumasi
