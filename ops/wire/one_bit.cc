#include "ops/wire/one_bit.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

// Sums are kept in lanes, so that their order is the same in vectors of any width.
constexpr size_t kLanes = 8;

size_t GroupsOf(size_t count) { return (count + kOneBitGroup - 1) / kOneBitGroup; }

struct Means {
  float low, high;  // below 0; the others
};
static_assert(sizeof(Means) == 2 * sizeof(float));

PUMASI_VECTOR_CLONES void QuantiseGroup(size_t count, float* __restrict values, float* __restrict lost) {
  double below[kLanes] = {}, above[kLanes] = {}, lows[kLanes] = {};
  const auto add = [&](size_t i, size_t lane) {
    const float x = values[i] + lost[i];
    values[i] = x;
    const bool low = x < 0;
    below[lane] += low ? x : 0.0f;
    above[lane] += low ? 0.0f : x;
    lows[lane] += low ? 1.0f : 0.0f;
  };
  const size_t whole = count / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) add(i + lane, lane);
  }
  for (size_t i = whole; i < count; ++i) add(i, i - whole);
  for (size_t lane = 1; lane < kLanes; ++lane) {
    below[0] += below[lane];
    above[0] += above[lane];
    lows[0] += lows[lane];
  }
  const double highs = static_cast<double>(count) - lows[0];
  const float low = lows[0] > 0 ? static_cast<float>(below[0] / lows[0]) : 0.0f;
  const float high = highs > 0 ? static_cast<float>(above[0] / highs) : 0.0f;
  for (size_t i = 0; i < count; ++i) {
    const float x = values[i], kept = x < 0 ? low : high;
    values[i] = kept;
    lost[i] = x - kept;
  }
}

PUMASI_VECTOR_CLONES void Spread(const Means& means, size_t count, const uint8_t* __restrict signs,
                                 float* __restrict values) {
  for (size_t i = 0; i < count; ++i) values[i] = signs[i / 8] >> i % 8 & 1 ? means.high : means.low;
}

}  // namespace

void QuantiseToOneBit(size_t count, float* values, float* lost) {
  for (size_t at = 0; at < count; at += kOneBitGroup) {
    QuantiseGroup(std::min(count - at, kOneBitGroup), values + at, lost + at);
  }
}

size_t OneBitBytes(size_t count) { return GroupsOf(count) * sizeof(Means) + (count + 7) / 8; }

ByteBlock EncodeOneBit(size_t count, const float* values) {
  const size_t size = OneBitBytes(count);
  auto bytes = std::make_shared<uint8_t[]>(size);
  uint8_t* signs = bytes.get() + GroupsOf(count) * sizeof(Means);
  for (size_t group = 0; group * kOneBitGroup < count; ++group) {
    const size_t first = group * kOneBitGroup, end = std::min(count, first + kOneBitGroup);
    Means means = {0, 0};
    for (size_t i = first; i < end; ++i) {
      const bool low = values[i] < 0;
      means = {low ? values[i] : means.low, low ? means.high : values[i]};
      signs[i / 8] |= static_cast<uint8_t>(!low << i % 8);
    }
    std::memcpy(bytes.get() + group * sizeof means, &means, sizeof means);
  }
  return {std::move(bytes), size};
}

absl::Status DecodeOneBit(const ByteView& bytes, size_t count, float* values) {
  if (bytes.size() != OneBitBytes(count)) {
    return absl::InvalidArgumentError(absl::StrCat(bytes.size(), " bytes of one bit a value, expected ",
                                                   OneBitBytes(count), " for ", count, " values"));
  }
  std::vector<Means> means(GroupsOf(count));
  std::vector<uint8_t> signs((count + 7) / 8);
  ByteReader reader(bytes);
  reader.Read(means.data(), means.size() * sizeof(Means));
  reader.Read(signs.data(), signs.size());
  if (count % 8 != 0 && signs.back() >> count % 8 != 0) {
    return absl::InvalidArgumentError("bits are set behind the last value of one bit a value");
  }
  for (size_t group = 0; group < means.size(); ++group) {
    const auto [low, high] = means[group];
    if (!std::isfinite(low) || !std::isfinite(high)) {
      return absl::FailedPreconditionError(absl::StrCat("means ", low, " and ", high, " of group ", group));
    }
    if (low > 0 || high < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("means ", low, " and ", high, " of group ", group, ": 0 has to lie between them"));
    }
    const size_t first = group * kOneBitGroup;
    Spread(means[group], std::min(count - first, kOneBitGroup), signs.data() + first / 8, values + first);
  }
  return absl::OkStatus();
}

}  // namespace pumasi
