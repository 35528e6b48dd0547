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

// All ones where x < 0, otherwise 0. Without branches, of which half would be guessed wrong. REQUIRES: x is not -0.
PUMASI_INLINE uint32_t Below(float x) { return static_cast<uint32_t>(__builtin_bit_cast(int32_t, x) >> 31); }
PUMASI_INLINE float Masked(float x, uint32_t mask) {
  return __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, x) & mask);
}

PUMASI_VECTOR_CLONES void AddLost(size_t count, const float* __restrict lost, float* __restrict values) {
  // + 0: makes 0 of -0.
  for (size_t i = 0; i < count; ++i) values[i] = values[i] + lost[i] + 0.0f;
}

// Of a group; a shorter one has its values in front, and zeros behind.
PUMASI_VECTOR_CLONES Means MeansOf(size_t count, const float* __restrict values) {
  double below[kLanes] = {}, above[kLanes] = {};
  uint32_t lows[kLanes] = {};
  for (size_t i = 0; i < kOneBitGroup; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) below[lane] += Masked(values[i + lane], Below(values[i + lane]));
    for (size_t lane = 0; lane < kLanes; ++lane) above[lane] += Masked(values[i + lane], ~Below(values[i + lane]));
    for (size_t lane = 0; lane < kLanes; ++lane) lows[lane] -= Below(values[i + lane]);
  }
  for (size_t lane = 1; lane < kLanes; ++lane) {
    below[0] += below[lane];
    above[0] += above[lane];
    lows[0] += lows[lane];
  }
  const double low = lows[0], high = static_cast<double>(count) - low;
  return {low > 0 ? static_cast<float>(below[0] / low) : 0.0f, high > 0 ? static_cast<float>(above[0] / high) : 0.0f};
}

PUMASI_VECTOR_CLONES void Keep(const Means& means, size_t count, float* __restrict values, float* __restrict lost) {
  const auto low = __builtin_bit_cast(uint32_t, means.low), high = __builtin_bit_cast(uint32_t, means.high);
  for (size_t i = 0; i < count; ++i) {
    const float x = values[i];
    const uint32_t mask = Below(x);
    const auto kept = __builtin_bit_cast(float, (low & mask) | (high & ~mask));
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
  AddLost(count, lost, values);
  for (size_t at = 0; at < count; at += kOneBitGroup) {
    const size_t some = std::min(count - at, kOneBitGroup);
    float whole[kOneBitGroup] = {};
    if (some < kOneBitGroup) std::copy_n(values + at, some, whole);
    Keep(MeansOf(some, some < kOneBitGroup ? whole : values + at), some, values + at, lost + at);
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
