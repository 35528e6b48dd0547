#include "ops/wire/largest_values.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

// Magnitudes ascend with these bits, NaN last.
uint32_t Magnitude(float x) { return __builtin_bit_cast(uint32_t, x) & 0x7fffffffu; }

// Upper and lower bits of a magnitude, one histogram each: the value at a rank is found in two passes.
constexpr int kLowerBits = 15;
constexpr uint32_t kLower = (1u << kLowerBits) - 1;

// Walks down `histogram` from its end, past `*rank` values at most: the place of the value with that rank, from 0 on.
// `*rank` is what is left of it there.
uint32_t PlaceOf(const std::vector<uint32_t>& histogram, size_t* rank) {
  auto place = static_cast<uint32_t>(histogram.size());
  while (histogram[--place] <= *rank) *rank -= histogram[place];
  return place;
}

void PutVarint(uint32_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

// False: it does not end in `end`, or passes 32 bits.
bool TakeVarint(const char*& at, const char* end, uint32_t* value) {
  uint64_t read = 0;
  for (int shift = 0; shift < 35 && at < end; shift += 7) {
    const auto byte = static_cast<uint8_t>(*at++);
    read |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte & 0x80) continue;
    *value = static_cast<uint32_t>(read);
    return read <= UINT32_MAX;
  }
  return false;
}

}  // namespace

size_t LargestOf(size_t count, double fraction) {
  const auto most = static_cast<size_t>(std::ceil(static_cast<double>(count) * fraction));
  return std::min(count, std::max<size_t>(most, 1));
}

void KeepLargest(size_t most, size_t count, float* values, float* lost) {
  for (size_t i = 0; i < count; ++i) values[i] += lost[i];
  if (most >= count) {
    std::fill_n(lost, count, 0.0f);
    return;
  }
  uint32_t least = UINT32_MAX;  // that stays; of the values that are equal to it only the first ones
  size_t equals = 0;
  if (most > 0) {
    std::vector<uint32_t> upper(1u << (31 - kLowerBits)), lower(1u << kLowerBits);
    for (size_t i = 0; i < count; ++i) ++upper[Magnitude(values[i]) >> kLowerBits];
    size_t rank = most - 1;
    const uint32_t bucket = PlaceOf(upper, &rank);
    for (size_t i = 0; i < count; ++i) {
      const uint32_t magnitude = Magnitude(values[i]);
      if (magnitude >> kLowerBits == bucket) ++lower[magnitude & kLower];
    }
    least = bucket << kLowerBits | PlaceOf(lower, &rank);
    equals = rank + 1;
  }
  for (size_t i = 0; i < count; ++i) {
    const uint32_t magnitude = Magnitude(values[i]);
    const bool stays = magnitude > least || (magnitude == least && equals > 0);
    if (magnitude == least && equals > 0) --equals;
    lost[i] = stays ? 0.0f : values[i];
    if (!stays) values[i] = 0;
  }
}

ByteBlock EncodeLargest(size_t count, const float* values) {
  std::string places;
  std::vector<float> kept;
  size_t before = 0;
  for (size_t i = 0; i < count; ++i) {
    if (Magnitude(values[i]) == 0) continue;
    PutVarint(static_cast<uint32_t>(i - before), &places);
    kept.push_back(values[i]);
    before = i;
  }
  const auto number = static_cast<uint32_t>(kept.size());
  const size_t size = sizeof number + places.size() + kept.size() * sizeof(float);
  std::shared_ptr<char[]> bytes(new char[size]);
  std::memcpy(bytes.get(), &number, sizeof number);
  std::copy(places.begin(), places.end(), bytes.get() + sizeof number);
  if (number > 0) {
    std::memcpy(bytes.get() + sizeof number + places.size(), kept.data(), kept.size() * sizeof(float));
  }
  return {std::move(bytes), size};
}

absl::Status DecodeLargest(const ByteView& view, size_t count, float* values) {
  std::string bytes(view.size(), '\0');
  ByteReader(view).Read(bytes.data(), bytes.size());
  uint32_t number;
  if (bytes.size() < sizeof number) {
    return absl::InvalidArgumentError(absl::StrCat(bytes.size(), " bytes do not even hold the number of values"));
  }
  std::memcpy(&number, bytes.data(), sizeof number);
  // What is kept takes a byte for its place and its value each.
  const size_t most = std::min(count, (bytes.size() - sizeof number) / (1 + sizeof(float)));
  if (number > most) {
    return absl::InvalidArgumentError(
        absl::StrCat(number, " values in ", bytes.size(), " bytes for ", count, ": at most ", most, " have room"));
  }
  const char* at = bytes.data() + sizeof number;
  const char* const floats = bytes.data() + bytes.size() - number * sizeof(float);
  std::fill_n(values, count, 0.0f);
  uint64_t place = 0;
  for (uint32_t i = 0; i < number; ++i) {
    uint32_t delta;
    if (!TakeVarint(at, floats, &delta)) {
      return absl::InvalidArgumentError(absl::StrCat("place ", i, " of ", number, " values does not end"));
    }
    place += delta;
    if ((delta == 0 && i > 0) || place >= count) {
      return absl::InvalidArgumentError(
          absl::StrCat("places of values do not ascend, or pass the last of ", count, ", at ", place));
    }
    std::memcpy(values + place, floats + i * sizeof(float), sizeof(float));
    if (!std::isfinite(values[place])) {
      return absl::FailedPreconditionError(absl::StrCat("value ", place, " is ", values[place]));
    }
  }
  if (at != floats) {
    return absl::InvalidArgumentError(
        absl::StrCat(bytes.size(), " bytes of ", number, " values, expected ", bytes.size() - (floats - at)));
  }
  return absl::OkStatus();
}

}  // namespace pumasi
